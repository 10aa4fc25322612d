package org.sealwax.mail.dns.live;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Arbitrary answers of a name server, with the right identifier and question. */
public final class DnsFuzzTargets {
  /** Bytes of a header (RFC 1035 4.1.1). */
  private static final int HEADER = 12;

  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  private DnsFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    FuzzedNameServer nameServer = new FuzzedNameServer();
    return List.of(
        // Counts of records, then records: MX, CNAME to itself, a name that points to itself.
        FuzzTarget.ofTexts(
            "dns-answer",
            nameServer::promise,
            "\0\1\0\0\0\0\u00c0\f\0\17\0\1\0\0\0\74\0\6\0\12\1x\0\0",
            "\0\1\0\0\0\0\u00c0\f\0\5\0\1\0\0\0\74\0\2\u00c0\f",
            "\0\2\0\0\0\0\u00c0\f\0\17\0\1\0\0\0\74\0\4\0\12\u00c0\40\u00c0\f\0\17\0\1",
            "\0\0\0\1\0\0\0\0\6\0\1\0\0\0\74\0\26\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"));
  }

  /** The name server; made with the first input. */
  private static final class FuzzedNameServer {
    private final AtomicInteger number = new AtomicInteger();
    private volatile byte[] words = {};
    private @Nullable CachingResolver resolver;

    private synchronized CachingResolver resolver() throws IOException {
      CachingResolver made = resolver;
      if (made == null) {
        DatagramSocket socket = new DatagramSocket(0, LOOPBACK);
        Threads.start("speaker", () -> answer(socket));
        made =
            new CachingResolver(
                DnsSettings.defaults()
                    .withResolvers(List.of(new InetSocketAddress(LOOPBACK, socket.getLocalPort())))
                    .withValidation(DnsSettings.Validation.OFF)
                    .withTimeout(Duration.ofMillis(5))
                    .withTotal(Duration.ofMillis(20)),
                Clock.system(),
                RandomSource.seeded(1));
        resolver = made;
      }
      return made;
    }

    private void answer(DatagramSocket socket) {
      byte[] buffer = new byte[4_096];
      try (socket) {
        while (true) {
          DatagramPacket in = new DatagramPacket(buffer, buffer.length);
          socket.receive(in);
          int end = HEADER;
          while (buffer[end] != 0) {
            end += buffer[end] + 1;
          }
          end += 5;
          byte[] mine = words;
          int reported = Math.min(mine.length, 6);
          byte[] out = new byte[end + mine.length - reported];
          System.arraycopy(buffer, 0, out, 0, end);
          out[2] |= (byte) 0x80;
          System.arraycopy(mine, 0, out, 6, reported);
          System.arraycopy(mine, reported, out, end, mine.length - reported);
          socket.send(new DatagramPacket(out, Math.min(out.length, 4_000), in.getSocketAddress()));
        }
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    private void promise(byte[] input) throws IOException {
      words = input;
      DnsAnswer<MxRecord> answer =
          resolver().mx(Domain.of("n" + number.incrementAndGet() + ".example.org"));
      holds(answer.security() != DnssecStatus.SECURE, "nobody has validated this: " + answer);
      holds(!answer.ttl().isNegative(), "an age below nothing: " + answer.ttl());
      for (MxRecord mx : answer.records()) {
        holds(mx.preference() >= 0 && mx.preference() <= 65_535, "preference of " + mx);
      }
    }
  }
}

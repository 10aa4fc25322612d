package org.sealwax.mail.dns.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/**
 * An attacker on the path changes answers: bits flipped, pieces cut out, doubled or cut off. What
 * comes out for a signed zone is the truth or nothing, and never an exception.
 */
final class MutatedAnswersTest {
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  /** Forwards to a name server, and spoils about every second answer. */
  private static final class MutatingForwarder implements AutoCloseable {
    private final DatagramSocket front = new DatagramSocket(0, LOOPBACK);
    private final InetSocketAddress server;
    private final Random random;

    MutatingForwarder(InetSocketAddress server, long seed) throws IOException {
      this.server = server;
      this.random = new Random(seed);
      Threads.start("meddler", this::forward);
    }

    InetSocketAddress address() {
      return new InetSocketAddress(LOOPBACK, front.getLocalPort());
    }

    private void forward() {
      byte[] buffer = new byte[4096];
      try (DatagramSocket back = new DatagramSocket(0, LOOPBACK)) {
        back.setSoTimeout(30_000);
        while (true) {
          DatagramPacket in = new DatagramPacket(buffer, buffer.length);
          front.receive(in);
          back.send(new DatagramPacket(in.getData(), in.getLength(), server));
          DatagramPacket out = new DatagramPacket(new byte[4096], 4096);
          back.receive(out);
          byte[] answer = Arrays.copyOf(out.getData(), out.getLength());
          byte[] spoilt = random.nextBoolean() ? answer : spoil(answer);
          front.send(new DatagramPacket(spoilt, spoilt.length, in.getSocketAddress()));
        }
      } catch (IOException e) {
        // The front was closed: the test is over.
      }
    }

    /** Leaves the identifier alone, or nothing would get past it. */
    private byte[] spoil(byte[] answer) {
      byte[] out = answer.clone();
      int at = 2 + random.nextInt(out.length - 2);
      switch (random.nextInt(5)) {
        case 0 -> out[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> {
          for (int i = 0; i < 4; i++) {
            out[2 + random.nextInt(out.length - 2)] = (byte) random.nextInt(256);
          }
        }
        case 2 -> out = Arrays.copyOf(out, at);
        case 3 -> System.arraycopy(answer, 2, out, at, out.length - at);
        default -> Arrays.fill(out, at, Math.min(out.length, at + 20), (byte) 0xc0);
      }
      return out;
    }

    @Override
    public void close() {
      front.close();
    }
  }

  @Test
  void signedAnswersAreTrueOrUnknown() throws IOException {
    rounds(30, 1);
  }

  @Test
  @Tag("slow")
  void signedAnswersAreTrueOrUnknownInManyRounds() throws IOException {
    rounds(500, 1000);
  }

  private static void rounds(int count, long firstSeed) throws IOException {
    Clock clock = Clock.system();
    TlsaRecord record = new TlsaRecord(3, 1, 1, "ab".repeat(32));
    int known = 0;
    try (LoopbackResolver server =
        LoopbackResolver.start(
            clock,
            Zone.of(
                    "secure.org",
                    "@ MX 10 mx\nmx A 192.0.2.1\n_25._tcp.mx TLSA 3 1 1 " + record.data() + "\n")
                .signed(),
            Zone.of("plain.example", "@ MX 10 mx\nmx A 192.0.2.1\n"))) {
      for (long seed = firstSeed; seed < firstSeed + count; seed++) {
        try (MutatingForwarder forwarder = new MutatingForwarder(server.address(), seed)) {
          CachingResolver resolver =
              new CachingResolver(
                  DnsSettings.defaults()
                      .withResolvers(List.of(forwarder.address()))
                      .withAnchors(server.anchors())
                      .withTimeout(Duration.ofMillis(40))
                      .withTotal(Duration.ofMillis(400)),
                  clock,
                  RandomSource.secure());
          DnsAnswer<TlsaRecord> tlsa = resolver.tlsa(Domain.of("_25._tcp.mx.secure.org"));
          DnsAnswer<TlsaRecord> denied = resolver.tlsa(Domain.of("_26._tcp.mx.secure.org"));
          DnsAnswer<MxRecord> none = resolver.mx(Domain.of("mx.secure.org"));
          resolver.addresses(Domain.of("mx.plain.example"), AddressFamily.IPV4);
          String what = "seed " + seed + ": " + tlsa + " " + denied + " " + none;
          for (DnsAnswer<?> answer : List.of(tlsa, denied, none)) {
            assertNotEquals(DnssecStatus.INSECURE, answer.security(), what);
          }
          if (tlsa.security() == DnssecStatus.SECURE) {
            known++;
            assertEquals(List.of(record), tlsa.records(), what);
          }
          if (denied.security() == DnssecStatus.SECURE) {
            assertEquals(DnsAnswer.Kind.NO_NAME, denied.kind(), what);
          }
          if (none.security() == DnssecStatus.SECURE) {
            assertEquals(DnsAnswer.Kind.NO_DATA, none.kind(), what);
          }
        }
      }
    }
    assertTrue(known > 0 && known < count, known + " of " + count);
  }
}

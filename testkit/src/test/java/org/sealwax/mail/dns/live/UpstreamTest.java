package org.sealwax.mail.dns.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.testkit.net.FreePort;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/** Bounds of one exchange, against a name server that answers by hand. */
final class UpstreamTest {
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
  private static final Message QUERY =
      Message.newQuery(Record.newRecord(Name.fromConstantString("a.example."), Type.A, DClass.IN));

  private static ResolverList list(InetSocketAddress... resolvers) {
    return new ResolverList(List.of(resolvers), Optional.empty(), Clock.system());
  }

  /** Answers the first question with so many guesses and then the truth; notes who asked. */
  private static final class SpoofingNameServer implements AutoCloseable {
    private final DatagramSocket socket = new DatagramSocket(0, LOOPBACK);
    private final Set<Integer> ports = ConcurrentHashMap.newKeySet();
    private final Set<Integer> identifiers = ConcurrentHashMap.newKeySet();

    SpoofingNameServer(int guesses) throws IOException {
      Threads.start(
          "guesser",
          () -> {
            try {
              while (true) {
                answer(guesses);
              }
            } catch (IOException e) {
              // Closed: the test is over.
            }
          });
    }

    private void answer(int guesses) throws IOException {
      DatagramPacket in = new DatagramPacket(new byte[1500], 1500);
      socket.receive(in);
      Message query = new Message(java.util.Arrays.copyOf(in.getData(), in.getLength()));
      ports.add(in.getPort());
      identifiers.add(query.getHeader().getID());
      query.getHeader().setFlag(Flags.QR);
      int right = query.getHeader().getID();
      for (int i = 0; i <= guesses; i++) {
        query.getHeader().setID(i == guesses ? right : right ^ (i + 1));
        byte[] wire = query.toWire();
        socket.send(new DatagramPacket(wire, wire.length, in.getSocketAddress()));
      }
    }

    Upstream upstream() {
      return new Upstream(
          list(new InetSocketAddress(LOOPBACK, socket.getLocalPort())),
          Duration.ofSeconds(5),
          false,
          Set.of(),
          Clock.system(),
          RandomSource.secure());
    }

    @Override
    public void close() {
      socket.close();
    }
  }

  @ParameterizedTest
  @CsvSource({"19, NOERROR", "20, too many answers that do not fit the question"})
  void unexpectedDatagramLimitIs20(int guesses, String expected) throws IOException {
    try (SpoofingNameServer spoofer = new SpoofingNameServer(guesses)) {
      LookupLimits limits = new LookupLimits(Clock.system(), Duration.ofSeconds(10));
      String outcome;
      try {
        outcome = Rcode.string(spoofer.upstream().query(QUERY, limits).getRcode());
      } catch (IOException e) {
        outcome = String.valueOf(e.getMessage());
      }
      assertTrue(outcome.endsWith(expected), outcome);
    }
  }

  @Test
  void usesAnotherPortAndIdentifierForEachQuestion() throws IOException {
    try (SpoofingNameServer spoofer = new SpoofingNameServer(0)) {
      Upstream upstream = spoofer.upstream();
      for (int i = 0; i < 40; i++) {
        upstream.query(QUERY, new LookupLimits(Clock.system(), Duration.ofSeconds(10)));
      }
      assertTrue(spoofer.ports.size() > 30, spoofer.ports.size() + " ports");
      assertTrue(spoofer.identifiers.size() > 30, spoofer.identifiers.size() + " identifiers");
    }
  }

  @Test
  void sendsSixtyFourMessagesForOneQuestionAndNoMore() throws IOException {
    try (LoopbackResolver server =
        LoopbackResolver.start(Clock.system(), Zone.of("example", "a A 192.0.2.1"))) {
      Upstream upstream =
          new Upstream(
              list(server.address()),
              Duration.ofSeconds(5),
              true,
              Set.of(),
              Clock.system(),
              RandomSource.secure());
      LookupLimits limits = new LookupLimits(Clock.system(), Duration.ofSeconds(30));
      for (int i = 0; i < LookupLimits.MAX_MESSAGES; i++) {
        assertEquals(Rcode.NOERROR, upstream.query(QUERY, limits).getRcode());
      }
      IOException failure = assertThrows(IOException.class, () -> upstream.query(QUERY, limits));
      assertEquals("more than 64 messages for one question", failure.getMessage());
      assertEquals(64, server.total());
    }
  }

  @Test
  void failedResolverIsTriedLast() throws IOException {
    try (LoopbackResolver server =
        LoopbackResolver.start(Clock.system(), Zone.of("example", "a A 192.0.2.1"))) {
      int closed = FreePort.pick();
      Upstream upstream =
          new Upstream(
              list(new InetSocketAddress(LOOPBACK, closed), server.address()),
              Duration.ofSeconds(5),
              true,
              Set.of(),
              Clock.system(),
              RandomSource.secure());
      for (int i = 0; i < 3; i++) {
        // One message each: the second and third question go directly to the one that answers.
        LookupLimits limits = new LookupLimits(Clock.system(), Duration.ofSeconds(5));
        assertEquals(Rcode.NOERROR, upstream.query(QUERY, limits).getRcode());
        for (int used = i == 0 ? 2 : 1; used < LookupLimits.MAX_MESSAGES; used++) {
          assertTrue(limits.tryQuery());
        }
        assertFalse(limits.tryQuery());
      }
    }
  }
}

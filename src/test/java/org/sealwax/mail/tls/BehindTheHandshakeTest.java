package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.testkit.tls.LeafPlan;
import org.sealwax.testkit.tls.Mint;
import org.sealwax.testkit.tls.Minted;
import org.sealwax.testkit.tls.OddServer;
import org.sealwax.testkit.tls.OddTls;
import org.sealwax.testkit.tls.OddWire;

/** What servers send behind a good handshake does not end a good session. */
final class BehindTheHandshakeTest {
  static {
    TlsRoom.beforeAnything();
  }

  @ParameterizedTest
  @CsvSource({
    "BORINGSSL, 771, HELLO_REQUEST",
    "BORINGSSL, 772, TICKET_STORM",
    "JSSE, 772, TICKET_STORM",
    "BORINGSSL, 772, KEY_UPDATE",
    "JSSE, 772, KEY_UPDATE"
  })
  void aSessionGoesOnBehindIt(TlsEngine engine, int version, OddTls.Quirk quirk) throws Exception {
    Minted minted = new Mint(Clock.system(), Chance.secure()).make(LeafPlan.of("mx.example.org"));
    OddServer server =
        new OddServer(OddTls.good().withVersions(version).with(quirk), name -> minted);
    TlsTable.Pair pair = TlsTable.pair();
    FutureTask<String> serving =
        TlsTable.start(
            () -> {
              try (OddWire wire = server.accept(pair.server(), TlsTable.LIMIT)) {
                wire.out().write("250 here\r\n".getBytes(StandardCharsets.US_ASCII));
                wire.out().flush();
                return new String(wire.in().readNBytes(4), StandardCharsets.US_ASCII);
              }
            });
    TlsClient client = TlsTable.room(engine).client(ClientTls.defaults());
    try (TlsWire wire =
        client.connect(
            pair.client(), TlsTable.offer(TlsTable.references(TlsTable.ROOTS)), TlsTable.LIMIT)) {
      assertEquals("250 here", new String(wire.in().readNBytes(8), StandardCharsets.US_ASCII));
      wire.out().write("QUIT\r\n".getBytes(StandardCharsets.US_ASCII));
      wire.out().flush();
      assertEquals("QUIT", serving.get());
    }
  }
}

package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.tls.CertificateSpec;
import org.sealwax.testkit.tls.IssuedCertificate;
import org.sealwax.testkit.tls.LabCertificateAuthority;
import org.sealwax.testkit.tls.OddTlsBehaviour;
import org.sealwax.testkit.tls.OddTlsServer;
import org.sealwax.testkit.tls.OddTlsWire;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** What servers send after a good handshake does not end a good session. */
final class PostHandshakeMessagesTest {
  static {
    TlsFactory.prepareJvm();
  }

  @ParameterizedTest
  @CsvSource({
    "BORINGSSL, 771, HELLO_REQUEST",
    "BORINGSSL, 772, MANY_TICKETS",
    "JSSE, 772, MANY_TICKETS",
    "BORINGSSL, 772, KEY_UPDATE",
    "JSSE, 772, KEY_UPDATE"
  })
  void sessionContinuesAfterPostHandshakeMessages(
      TlsEngine engine, int version, OddTlsBehaviour.TlsFault fault) throws Exception {
    IssuedCertificate issued =
        new LabCertificateAuthority(Clock.system(), RandomSource.secure())
            .issue(CertificateSpec.of("mx.example.org"));
    OddTlsServer server =
        new OddTlsServer(OddTlsBehaviour.good().withVersions(version).with(fault), name -> issued);
    TlsConnectionPair.LoopbackPair pair = TlsConnectionPair.pair();
    FutureTask<String> serving =
        TlsConnectionPair.start(
            () -> {
              try (OddTlsWire wire = server.accept(pair.server(), TlsConnectionPair.LIMIT)) {
                wire.out().write("250 here\r\n".getBytes(StandardCharsets.US_ASCII));
                wire.out().flush();
                return new String(wire.in().readNBytes(4), StandardCharsets.US_ASCII);
              }
            });
    TlsClient client = TlsConnectionPair.factory(engine).client(ClientTlsSettings.defaults());
    try (TlsWire wire =
        client.connect(
            pair.client(),
            TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS)),
            TlsConnectionPair.LIMIT)) {
      assertEquals("250 here", new String(wire.in().readNBytes(8), StandardCharsets.US_ASCII));
      wire.out().write("QUIT\r\n".getBytes(StandardCharsets.US_ASCII));
      wire.out().flush();
      assertEquals("QUIT", serving.get());
    }
  }
}

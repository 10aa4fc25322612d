package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;
import org.sealwax.mail.tls.wire.ServerReader;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** What our server signs the key exchange of TLS 1.2 with (RFC 9155), on the wire. */
final class SignatureFloorTest {
  static {
    TlsFactory.prepareJvm();
  }

  /** A ClientHello of TLS 1.2 with these schemes; null: without the extension. */
  private static ClientHelloBuilder hello(List<Integer> schemes) {
    ClientHelloBuilder hello =
        new ClientHelloBuilder(Records.TLS12)
            .random(new byte[32])
            .suites(List.of(0xc02b, 0xc02f))
            .serverName("mx.example.org")
            .groups(List.of(29, 23))
            .pointFormats()
            .extension(ClientHelloBuilder.EXTENDED_MASTER_SECRET)
            .renegotiationInfo();
    return schemes.isEmpty() ? hello : hello.schemes(schemes);
  }

  private static ServerReader answer(TlsEngine engine, List<Integer> schemes) throws IOException {
    TlsServer server =
        TlsConnectionPair.factory(engine)
            .server(
                ListenerTlsSettings.defaults("smtp"),
                TlsConnectionPair.store(TlsConnectionPair.MX),
                TlsConnectionPair.references(TlsConnectionPair.ROOTS));
    TlsConnectionPair.LoopbackPair pair = TlsConnectionPair.pair();
    FutureTask<TlsWire> accepting =
        TlsConnectionPair.start(() -> server.accept(pair.server(), TlsConnectionPair.LIMIT));
    ServerReader reader = new ServerReader();
    byte[] some = new byte[4_096];
    try {
      pair.client().out().write(hello(schemes).records());
      pair.client().out().flush();
      while (!reader.complete() && reader.broken() == null) {
        int count = pair.client().in().read(some);
        if (count < 0) {
          break;
        }
        reader.feed(some, 0, count);
      }
    } finally {
      pair.client().close();
      TlsConnectionPair.failure(accepting);
    }
    return reader;
  }

  private static Optional<Integer> scheme(ServerReader reader) {
    return reader.messages().stream()
        .filter(ServerMessage.CurveParameters.class::isInstance)
        .map(m -> ((ServerMessage.CurveParameters) m).scheme())
        .findFirst();
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void nothingIsSignedOverShaOneOrMdFive(TlsEngine engine) throws IOException {
    for (List<Integer> broken :
        List.of(
            List.of(0x0203),
            List.of(0x0201, 0x0203, 0x0101),
            // Sound for another kind of key than ours.
            List.of(0x0203, 0x0401, 0x0804),
            // RFC 5246 7.4.1.4.1: no extension stands for SHA-1.
            List.<Integer>of())) {
      ServerReader reader = answer(engine, broken);
      assertTrue(reader.hello().isEmpty(), broken + " is answered");
      assertEquals("handshake_failure", reader.alerts().getFirst().name());
    }
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void clientThatAlsoAcceptsSha2GetsSha2(TlsEngine engine) throws IOException {
    assertEquals(Optional.of(0x0403), scheme(answer(engine, List.of(0x0203, 0x0403))));
  }
}

package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.TlsSuite;
import org.sealwax.testkit.tls.TlsConnectionPair;

/**
 * TLS_FALLBACK_SCSV (RFC 7507 section 4) in the bytes of the ClientHello: BoringSSL sends it when
 * the offer has it and at no other time; JSSE, which cannot send it, never.
 */
final class FallbackSignalTest {
  static {
    TlsFactory.prepareJvm();
  }

  private static ClientOffer lowered(boolean signal) {
    ClientOffer full =
        TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS));
    return new ClientOffer(
        full.serverName(),
        full.floor(),
        TlsVersion.TLS_1_2,
        false,
        false,
        false,
        signal,
        full.references(),
        full.resumptionKey());
  }

  /** What a client puts on the wire before it has heard anything. */
  private static ClientHello hello(TlsClient client, ClientOffer offer) throws IOException {
    TlsConnectionPair.LoopbackPair pair = TlsConnectionPair.pair();
    FutureTask<TlsWire> connecting =
        TlsConnectionPair.start(
            () -> client.connect(pair.client(), offer, TlsConnectionPair.LIMIT));
    byte[] bytes = new byte[ClientHello.MAX_SIZE];
    int count = 0;
    try {
      while (true) {
        int more = pair.server().in().read(bytes, count, bytes.length - count);
        if (more < 0) {
          throw new AssertionError("the client went away after " + count + " bytes");
        }
        count += more;
        switch (ClientHello.read(bytes, 0, count)) {
          case ClientHello.ClientHelloParse.Whole w -> {
            return w.hello();
          }
          case ClientHello.ClientHelloParse.Partial p -> {
            // more is on its way
          }
          case ClientHello.ClientHelloParse.Broken b -> throw new AssertionError(b.why());
        }
      }
    } finally {
      pair.server().close();
      TlsConnectionPair.failure(connecting);
    }
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void fallbackScsvFollowsTheOffer(TlsEngine engine) throws IOException {
    TlsClient client = TlsConnectionPair.factory(engine).client(ClientTlsSettings.defaults());
    for (boolean signal : new boolean[] {true, false}) {
      ClientHello hello = hello(client, lowered(signal));
      assertFalse(hello.offersTls13());
      assertEquals(
          signal && engine == TlsEngine.BORINGSSL,
          hello.suites().contains(TlsSuite.FALLBACK_SCSV),
          hello.suites().toString());
    }
  }
}

package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsConnectionPair;
import org.sealwax.testkit.tls.TlsaBuilder;

/** TLSA associations in real handshakes. */
final class DaneHandshakeTest {
  private static ReferenceIdentity references(TlsaAssociation... records) {
    return new ReferenceIdentity(
        List.of(),
        Set.of(),
        TlsConnectionPair.NO_ROOTS,
        new TlsaAssociations(Set.of(records), List.of(Domain.of("mx.example.org"))));
  }

  private static ClientOffer offer(TlsVersion highest, ReferenceIdentity references) {
    return TlsConnectionPair.versions(
        TlsConnectionPair.offer(references).resuming(), TlsVersion.TLS_1_2, highest);
  }

  @ParameterizedTest
  @CsvSource({"BORINGSSL, TLS_1_3", "BORINGSSL, TLS_1_2", "JSSE, TLS_1_3", "JSSE, TLS_1_2"})
  void aResumedSessionIsJudgedByTheRecordsOfToday(TlsEngine engine, TlsVersion version)
      throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    Identity identity = TlsConnectionPair.CA.leaf("wrong.example.net").expired().identity();
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp"), TlsConnectionPair.store(identity), references());
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    TlsaAssociation published = TlsaBuilder.of(3, 1, 1, identity.chain().getFirst());
    TlsaAssociation rolled = TlsaBuilder.of(3, 1, 1, TlsConnectionPair.MX.chain().getFirst());
    try (TlsConnectionPair.TlsSessionPair first =
        TlsConnectionPair.shake(server, client, offer(version, references(published)))) {
      first.chat();
      assertFalse(first.client().handshake().resumed());
      assertEquals(published, first.client().handshake().proof().association());
      assertEquals("verified(tlsa " + published + ")", first.client().handshake().verdict().text());
    }
    // The same key of resumption, so that nothing but the judgement stands between.
    try (TlsConnectionPair.TlsSessionPair second =
        TlsConnectionPair.shake(server, client, offer(version, references(rolled)))) {
      second.chat();
      assertTrue(second.client().handshake().resumed());
      assertNull(second.client().handshake().proof().association());
      assertEquals("untrusted(expired)", second.client().handshake().verdict().text());
    }
    try (TlsConnectionPair.TlsSessionPair third =
        TlsConnectionPair.shake(server, client, offer(version, references(rolled, published)))) {
      third.chat();
      assertEquals(published, third.client().handshake().proof().association());
    }
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void anchorInTheSentChainIsFound(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TestCa middle = TlsConnectionPair.CA.intermediate("Sent Along");
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp"),
            TlsConnectionPair.store(middle.identity("mx.example.org")),
            references());
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    TlsaAssociation anchor = TlsaBuilder.of(2, 0, 1, middle.certificate());
    TlsaAssociation notSent = TlsaBuilder.of(2, 0, 1, TlsConnectionPair.CA.certificate());
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(server, client, TlsConnectionPair.offer(references(anchor)))) {
      session.chat();
      assertEquals(anchor, session.client().handshake().proof().association());
    }
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(server, client, TlsConnectionPair.offer(references(notSent)))) {
      session.chat();
      assertNull(session.client().handshake().proof().association());
    }
  }
}

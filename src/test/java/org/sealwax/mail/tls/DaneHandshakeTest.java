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
import org.sealwax.mail.tls.verdict.Association;
import org.sealwax.mail.tls.verdict.Associations;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.mail.tls.verdict.TlsVersion;

/** TLSA associations in real handshakes. */
final class DaneHandshakeTest {
  private static References references(Association... records) {
    return new References(
        List.of(),
        Set.of(),
        TlsTable.NO_ROOTS,
        new Associations(Set.of(records), List.of(Domain.of("mx.example.org"))));
  }

  private static ClientOffer offer(TlsVersion highest, References references) {
    return TlsTable.versions(
        TlsTable.resuming(TlsTable.offer(references)), TlsVersion.TLS_1_2, highest);
  }

  @ParameterizedTest
  @CsvSource({"BORINGSSL, TLS_1_3", "BORINGSSL, TLS_1_2", "JSSE, TLS_1_3", "JSSE, TLS_1_2"})
  void aResumedSessionIsJudgedByTheRecordsOfToday(TlsEngine engine, TlsVersion version)
      throws IOException {
    TlsRoom room = TlsTable.room(engine);
    Identity identity = TlsTable.CA.leaf("wrong.example.net").expired().identity();
    TlsServer server =
        room.server(ListenerTls.defaults("smtp"), TlsTable.store(identity), references());
    TlsClient client = room.client(ClientTls.defaults(), TlsTable.store(TlsTable.SENDER));
    Association published = TlsaRecords.of(3, 1, 1, identity.chain().getFirst());
    Association rolled = TlsaRecords.of(3, 1, 1, TlsTable.MX.chain().getFirst());
    try (TlsTable.Session first =
        TlsTable.shake(server, client, offer(version, references(published)))) {
      first.chat();
      assertFalse(first.client().handshake().resumed());
      assertEquals(published, first.client().handshake().proof().association());
      assertEquals("verified(tlsa " + published + ")", first.client().handshake().verdict().text());
    }
    // The same key of resumption, so that nothing but the judgement stands between.
    try (TlsTable.Session second =
        TlsTable.shake(server, client, offer(version, references(rolled)))) {
      second.chat();
      assertTrue(second.client().handshake().resumed());
      assertNull(second.client().handshake().proof().association());
      assertEquals("untrusted(expired)", second.client().handshake().verdict().text());
    }
    try (TlsTable.Session third =
        TlsTable.shake(server, client, offer(version, references(rolled, published)))) {
      third.chat();
      assertEquals(published, third.client().handshake().proof().association());
    }
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void anAnchorInTheChainAsSentIsSeen(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    TestCa middle = TlsTable.CA.intermediate("Sent Along");
    TlsServer server =
        room.server(
            ListenerTls.defaults("smtp"),
            TlsTable.store(middle.identity("mx.example.org")),
            references());
    TlsClient client = room.client(ClientTls.defaults(), TlsTable.store(TlsTable.SENDER));
    Association anchor = TlsaRecords.of(2, 0, 1, middle.certificate());
    Association notSent = TlsaRecords.of(2, 0, 1, TlsTable.CA.certificate());
    try (TlsTable.Session session =
        TlsTable.shake(server, client, TlsTable.offer(references(anchor)))) {
      session.chat();
      assertEquals(anchor, session.client().handshake().proof().association());
    }
    try (TlsTable.Session session =
        TlsTable.shake(server, client, TlsTable.offer(references(notSent)))) {
      session.chat();
      assertNull(session.client().handshake().proof().association());
    }
  }
}

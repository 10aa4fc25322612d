package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.PeerVerifier;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** Relay by certificate: real chains, real handshakes, new and resumed. */
final class RelayGrantTest {
  private static final TestCa PRIVATE = TestCa.root("Private Root");
  private static final TestCa OTHER_PRIVATE = TestCa.root("Other Private Root");
  private static final TestCa PUBLIC = TestCa.root("Public Root");
  private static final Identity PINNED = TestCa.selfSigned("pinned.example");

  private static final List<ReferenceIdentity> ROWS =
      List.of(
          row(PRIVATE, "app.example", "tracker.example"),
          row(OTHER_PRIVATE, "printer.example"),
          new ReferenceIdentity(List.of(), Set.of(PINNED.pin()), TrustRoots.none()));

  /** As a listener judges: every root and every name at once. */
  private static final ReferenceIdentity LISTENER =
      new ReferenceIdentity(
          List.of(
              Domain.of("app.example"), Domain.of("tracker.example"), Domain.of("printer.example")),
          Set.of(PINNED.pin()),
          PUBLIC.roots().and(PRIVATE.roots()).and(OTHER_PRIVATE.roots()));

  private static ReferenceIdentity row(TestCa authority, String... names) {
    return new ReferenceIdentity(
        java.util.Arrays.stream(names).map(Domain::of).toList(), Set.of(), authority.roots());
  }

  private static Handshake shown(List<X509Certificate> chain) {
    PeerVerifier verifier = new PeerVerifier(Clock.system());
    return new Handshake(
        TlsVersion.TLS_1_3,
        "TLS_AES_256_GCM_SHA384",
        256,
        null,
        false,
        null,
        chain,
        true,
        verifier.verify(chain, LISTENER, PeerRole.CLIENT).verdict(),
        List.of());
  }

  private record Row(String what, String verdict, List<X509Certificate> chain, boolean relays) {}

  @Test
  void onlyItsOwnAuthorityOrPinLetsARowGrantRelay() {
    String app = "verified(name app.example)";
    String pin = "verified(pin " + PINNED.pin() + ")";
    List<Row> rows =
        List.of(
            new Row("own CA, first name", app, PRIVATE.identity("app.example").chain(), true),
            new Row(
                "own CA, second name",
                "verified(name tracker.example)",
                PRIVATE.identity("tracker.example").chain(),
                true),
            new Row(
                "through an intermediate",
                app,
                PRIVATE.intermediate("Between").identity("app.example").chain(),
                true),
            new Row("a public CA, the name", app, PUBLIC.identity("app.example").chain(), false),
            new Row(
                "another row's CA, the name",
                app,
                OTHER_PRIVATE.identity("app.example").chain(),
                false),
            new Row(
                "own CA, another row's name",
                "verified(name printer.example)",
                PRIVATE.identity("printer.example").chain(),
                false),
            new Row(
                "own CA, no such name", "trusted", PRIVATE.identity("x.example").chain(), false),
            new Row(
                "own CA, expired",
                "untrusted(expired)",
                PRIVATE.leaf("app.example").expired().identity().chain(),
                false),
            new Row(
                "a leaf that plays authority",
                shown(PRIVATE.leafAsAuthority("app.example").chain()).verdict().text(),
                PRIVATE.leafAsAuthority("app.example").chain(),
                false),
            new Row("the pin", pin, PINNED.chain(), true),
            new Row(
                "no pin, self-signed for the name",
                "untrusted(self-signed)",
                TestCa.selfSigned("app.example").chain(),
                false),
            new Row("no certificate", "anonymous", List.of(), false));
    TrustedCertificates grants = TrustedCertificates.of(new PeerVerifier(Clock.system()), ROWS);
    for (Row row : rows) {
      Handshake handshake = shown(row.chain());
      assertEquals(row.verdict(), handshake.verdict().text(), row.what());
      assertEquals(row.relays(), grants.trust(handshake).isPresent(), row.what());
      assertEquals(Optional.empty(), TrustedCertificates.none().trust(handshake), row.what());
    }
  }

  @ParameterizedTest
  @CsvSource({"BORINGSSL, TLS_1_3", "BORINGSSL, TLS_1_2", "JSSE, TLS_1_3", "JSSE, TLS_1_2"})
  void resumedSessionIsCheckedAgain(TlsEngine engine, TlsVersion version) throws IOException {
    TlsFactory tls = TlsConnectionPair.factory(engine);
    TrustedCertificates grants = TrustedCertificates.of(tls.verifier(), ROWS);
    TlsServer server =
        tls.server(
            ListenerTlsSettings.defaults("smtp"),
            TlsConnectionPair.store(TlsConnectionPair.MX),
            LISTENER);
    TestCa below = PRIVATE.intermediate("Between");
    for (TestCa authority : List.of(below, PUBLIC)) {
      TlsClient client =
          tls.client(
              ClientTlsSettings.defaults(),
              TlsConnectionPair.store(authority.identity("app.example")));
      ClientOffer offer =
          TlsConnectionPair.versions(
              TlsConnectionPair.offer(
                      TlsConnectionPair.references(TlsConnectionPair.ROOTS, "mx.example.org"))
                  .resuming(),
              TlsVersion.TLS_1_2,
              version);
      for (boolean resumed : new boolean[] {false, true}) {
        try (TlsConnectionPair.TlsSessionPair session =
            TlsConnectionPair.shake(server, client, offer)) {
          session.chat();
          Handshake handshake = session.server().handshake();
          assertEquals(resumed, handshake.resumed());
          assertEquals("verified(name app.example)", handshake.verdict().text());
          Optional<ClientTrust> trust = grants.trust(handshake);
          assertEquals(authority == below, trust.isPresent(), () -> "resumed: " + resumed);
        }
      }
    }
    assertTrue(tls.openEngines() == 0);
  }
}

package org.sealwax.router.certs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.router.certs.PublishedNames.TlsaView;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsaBuilder;

/** Real certificates, judged by what a zone publishes, in every form that a record can have. */
final class CertificateGuardTest {
  private static final String HOST = "mx.example.org";
  private static final Domain MX = Domain.of(HOST);
  private static final TestCa ROOT = TestCa.root("Public Root");
  private static final TestCa CA = ROOT.intermediate("Issuer");
  private static final TestCa OTHER_CA = ROOT.intermediate("Other Issuer");
  private static final Instant NOW = Clock.system().now();

  private final Identity old = CA.identity(HOST);
  private final Identity renewed = CA.leaf(HOST).keyOf(old).identity();
  private final Identity otherKey = CA.identity(HOST);
  private final Identity otherIssuer = OTHER_CA.identity(HOST);
  private final CertificateGuard guard = new CertificateGuard(ROOT::roots);

  private static PublishedNames published(DaneState... states) {
    List<TlsaView> views =
        Stream.of(states).map(s -> new TlsaView(MX, "ns" + s, s, Duration.ZERO)).toList();
    return new PublishedNames(List.of(MX), views, List.of());
  }

  private static DaneState records(TlsaAssociation... records) {
    return new DaneState.Usable(new TlsaAssociations(Set.of(records), List.of(MX)));
  }

  private boolean loads(Identity fresh, DaneState... states) {
    return guard.decide(old, fresh, published(states), NOW).isLoaded();
  }

  @Test
  void recordOfTheLeafStopsAnotherKeyInEveryForm() {
    for (int selector = 0; selector <= 1; selector++) {
      for (int matching = 0; matching <= 2; matching++) {
        TlsaAssociation ofOld = TlsaBuilder.of(3, selector, matching, old.leaf());
        TlsaAssociation ofNew = TlsaBuilder.of(3, selector, matching, otherKey.leaf());
        String form = "3 " + selector + " " + matching;
        assertFalse(loads(otherKey, records(ofOld)), form);
        assertTrue(loads(otherKey, records(ofOld, ofNew)), form + ", both published");
        assertFalse(
            loads(otherKey, records(ofOld, ofNew), records(ofOld)),
            form + ", one server without the new record");
        assertTrue(loads(otherKey, records(ofNew)), form + ", only the new one");
        assertEquals(selector == 1, loads(renewed, records(ofOld)), form + ", same key");
      }
    }
  }

  @Test
  void recordOfTheIssuerStopsAnotherIssuer() {
    for (int selector = 0; selector <= 1; selector++) {
      for (int matching = 0; matching <= 2; matching++) {
        TlsaAssociation issuer = TlsaBuilder.of(2, selector, matching, CA.certificate());
        String form = "2 " + selector + " " + matching;
        assertTrue(loads(otherKey, records(issuer)), form);
        assertFalse(loads(otherIssuer, records(issuer)), form);
        assertFalse(loads(CA.leaf(HOST).alone().identity(), records(issuer)), form);
        assertFalse(loads(CA.identity("other.example.org"), records(issuer)), form);
      }
    }
  }

  @Test
  void unusableRecordsIdentifyNobody() {
    assertTrue(loads(otherKey, new DaneState.Unusable("usages 0 and 1 do not apply to SMTP")));
  }

  @Test
  void whatCannotBeLookedUpBlocksNothing() {
    DaneState unknown = new DaneState.LookupFailed("SERVFAIL");
    assertTrue(loads(otherKey, unknown));
    assertFalse(loads(otherKey, unknown, records(TlsaBuilder.of(3, 1, 1, old.leaf()))));
  }

  @Test
  void newPairLoadsWhereNeitherMatches() {
    DaneState third = records(TlsaBuilder.of(3, 1, 1, CA.identity(HOST).leaf()));
    assertTrue(loads(otherKey, third));
  }

  @Test
  void senderWithMtaStsFindsNameChainAndDates() {
    DaneState none = new DaneState.Absent("no TLSA records");
    assertTrue(loads(otherKey, none));
    assertFalse(loads(TestCa.selfSigned(HOST), none));
    assertFalse(loads(CA.leaf(HOST).alone().identity(), none), "without its issuer");
    assertFalse(loads(CA.identity("other.example.org"), none));
    assertFalse(loads(CA.leaf(HOST).expired().identity(), none));
    assertFalse(loads(CA.leaf(HOST).notYetValid().identity(), none));
    assertEquals(
        "the certificate is not for mx.example.org",
        guard.decide(old, CA.identity("x.example"), published(none), NOW).reasons());
  }

  @Test
  void selfSignedPairIsReplacedByAPublicOneOnlyWithItsRecord() {
    Identity made = TestCa.selfSigned(HOST);
    DaneState ofMade = records(TlsaBuilder.of(3, 1, 1, made.leaf()));
    assertFalse(guard.decide(made, otherKey, published(ofMade), NOW).isLoaded());
    assertTrue(guard.decide(made, otherKey, published(new DaneState.Absent("")), NOW).isLoaded());
  }

  /** With usage 2 the former pair fails at its end, with usage 3 it does not. */
  @Test
  void nearTheEndTheLessHarmfulOneLoads() {
    Instant near = old.expires().minus(Duration.ofHours(71));
    Identity fresh = OTHER_CA.leaf(HOST).valid(NOW, near.plus(Duration.ofDays(90))).identity();
    LoadDecision key =
        guard.decide(old, fresh, published(records(TlsaBuilder.of(3, 1, 1, old.leaf()))), near);
    assertFalse(key.isLoaded(), "DANE weighs more than an expired certificate");
    assertTrue(key.isAlarm());
    LoadDecision issuer =
        guard.decide(
            old, fresh, published(records(TlsaBuilder.of(2, 0, 1, CA.certificate()))), near);
    assertTrue(issuer.isLoaded(), "the former one soon matches no more");
    assertTrue(issuer.isAlarm());
    assertFalse(
        guard
            .decide(
                old,
                fresh,
                published(records(TlsaBuilder.of(2, 0, 1, CA.certificate()))),
                near.minus(Duration.ofHours(2)))
            .isLoaded());
  }
}

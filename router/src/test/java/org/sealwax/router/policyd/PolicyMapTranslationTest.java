package org.sealwax.router.policyd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;

/** The engine's requirements in Postfix's words. */
final class PolicyMapTranslationTest {
  private static final Instant NOON = Instant.parse("2026-11-25T12:00:00Z");
  private static final Policy POLICY =
      new Policy(FallbackLadder.of(true, true, Duration.ofMinutes(30)), TlsFloors.DEFAULT);
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final Domain MX1 = Domain.of("mx1.example.net");
  private static final Domain MX2 = Domain.of("mx2.example.net");
  private static final Evidence.Sts ENFORCE =
      sts(
          new Evidence.StsState.Enforce(
              "a", List.of(pattern("mx1.example.net"), pattern("*.two.test"))));

  private static MxPattern pattern(String text) {
    return MxPattern.parse(text).orElseThrow();
  }

  private static Evidence.Sts sts(Evidence.StsState state) {
    return new Evidence.Sts(DOMAIN, state, null);
  }

  private static Evidence.Dane dane(Domain host, boolean secureMx, Evidence.DaneState state) {
    return new Evidence.Dane(host, state, secureMx, NOON.plusSeconds(300));
  }

  private static Evidence.DaneState usable(Domain host) {
    return new Evidence.DaneState.Usable(
        new TlsaAssociations(Set.of(new TlsaAssociation(3, 1, 1, "ab".repeat(32))), List.of(host)));
  }

  private static Evidence.DaneState absent() {
    return new Evidence.DaneState.Absent("no TLSA records");
  }

  private final List<PolicyMapTranslation.TranslatedHost> hosts = new ArrayList<>();

  private PolicyMapTranslationTest host(Domain host, boolean secureMx, Evidence... evidence) {
    hosts.add(
        new PolicyMapTranslation.TranslatedHost(
            host,
            POLICY.requirementFor(
                new PolicySubject(DOMAIN, host, secureMx), List.of(evidence), NOON),
            true));
    return this;
  }

  /** One whose addresses cannot be looked up. */
  private PolicyMapTranslationTest lost(Domain host, Evidence... more) {
    List<Evidence> all = new ArrayList<>(List.of(more));
    all.add(dane(host, true, new Evidence.DaneState.LookupFailed("addresses cannot be looked up")));
    hosts.add(
        new PolicyMapTranslation.TranslatedHost(
            host, POLICY.requirementFor(new PolicySubject(DOMAIN, host, true), all, NOON), false));
    return this;
  }

  private PolicyMapTranslation.Served served() {
    PolicyMapTranslation.Served served =
        PolicyMapTranslation.of(hosts, Map.of("ours", Path.of("/etc/ssl/ours.pem")));
    hosts.clear();
    return served;
  }

  private String line() {
    return served().answer().text();
  }

  private static Evidence row(TlsLevel level) {
    return new Evidence.NextHopRow(PolicyRow.of(new DomainPattern.Exact(DOMAIN), level));
  }

  @Test
  void noEvidenceMeansNotFound() {
    assertEquals("NOTFOUND ", host(MX1, false, new Evidence.Default(TlsLevel.MAY)).line());
    assertEquals("NOTFOUND ", host(MX1, false, dane(MX1, false, absent())).line());
    assertEquals(
        "NOTFOUND ",
        host(MX1, false, sts(new Evidence.StsState.Testing("a", List.of(pattern("x.test")))))
            .line());
    // The configuration's own word is returned, also the word "may".
    assertEquals("OK may", host(MX1, false, row(TlsLevel.MAY)).line());
    assertEquals("OK none", host(MX1, false, row(TlsLevel.NONE)).line());
    assertEquals(
        "OK encrypt protocols=>=TLSv1.2",
        host(MX1, false, new Evidence.Default(TlsLevel.ENCRYPT)).line());
  }

  @Test
  void daneIsServedSoThatPostfixCannotFallBelowIt() {
    assertEquals("OK dane-only", host(MX1, true, dane(MX1, true, usable(MX1))).line());
    // Hosts with and without: Postfix makes the difference.
    host(MX1, true, dane(MX1, true, usable(MX1)));
    PolicyMapTranslation.Served mixed = host(MX2, true, dane(MX2, true, absent())).served();
    assertEquals("OK dane", mixed.answer().text());
    assertEquals(1, mixed.notes().size());
    // Records that cannot be used: TLS is required, no identity.
    assertEquals(
        "OK encrypt servername=mx1.example.net protocols=>=TLSv1.2",
        host(MX1, true, dane(MX1, true, new Evidence.DaneState.Unusable("usage 0"))).line());
  }

  @Test
  void unsignedMxNeverBecomesDaneOnly() {
    PolicyMapTranslation.Served half = host(MX1, false, dane(MX1, false, usable(MX1))).served();
    assertEquals("OK dane", half.answer().text());
    assertTrue(half.notes().toString().contains("smtp_tls_dane_insecure_mx_policy = dane"));
    assertTrue(half.notes().getFirst().contains("not signed"));
  }

  @Test
  void e16TlsaFailureIsTempAndNeverMtaSts() {
    Evidence failed = dane(MX1, true, new Evidence.DaneState.LookupFailed("TLSA: SERVFAIL"));
    assertEquals("TEMP mx1.example.net: TLSA: SERVFAIL", host(MX1, true, failed, ENFORCE).line());
    // One host of two: still nothing is served that Postfix would use for both.
    host(MX1, true, failed, ENFORCE);
    assertEquals(
        "TEMP mx1.example.net: TLSA: SERVFAIL",
        host(MX2, true, dane(MX2, true, absent()), ENFORCE).line());
    // Next to a host with DANE, Postfix passes the troubled one over by itself.
    host(MX1, true, failed);
    assertEquals("OK dane-only", host(MX2, true, dane(MX2, true, usable(MX2))).line());
  }

  @Test
  void unresolvableHostIsSkippedAsPostfixDoes() {
    // Nothing is demanded of the other: by "dane" Postfix passes this one over, or heeds its TLSA.
    Evidence absent = dane(MX2, true, absent());
    Evidence failed = dane(MX1, true, new Evidence.DaneState.LookupFailed("TLSA: SERVFAIL"));
    host(MX1, true, failed);
    PolicyMapTranslation.Served served = host(MX2, true, absent).served();
    assertEquals("OK dane", served.answer().text());
    assertTrue(served.notes().getFirst().contains("skips such a host"));
    host(MX1, true, failed, row(TlsLevel.MAY));
    assertEquals("OK dane", host(MX2, true, absent, row(TlsLevel.MAY)).line());
    assertEquals("OK dane", lost(MX1).host(MX2, true, absent).line());
    // A name is required of the host that is connected to, and no address is known.
    assertEquals(
        "OK secure match=mx1.example.net:.two.test servername=hostname protocols=>=TLSv1.2",
        lost(Domain.of("a.two.test"), ENFORCE)
            .host(MX1, true, dane(MX1, true, absent()), ENFORCE)
            .line());
    assertTrue(
        lost(MX1, row(TlsLevel.SECURE))
            .host(MX2, true, absent, row(TlsLevel.SECURE))
            .line()
            .startsWith("OK secure "));
    // TLS without authentication is less than DANE; so is plaintext.
    assertTrue(
        lost(MX1, row(TlsLevel.ENCRYPT))
            .host(MX2, true, absent, row(TlsLevel.ENCRYPT))
            .line()
            .startsWith("TEMP "));
    assertTrue(
        lost(MX1, row(TlsLevel.NONE))
            .host(MX2, true, absent, row(TlsLevel.NONE))
            .line()
            .startsWith("TEMP "));
    // Where no host is left, mail waits.
    assertTrue(lost(MX1).lost(MX2).line().startsWith("TEMP mx1.example.net: "));
  }

  @Test
  void noNameIsServedThatPostfixTakesForAnotherThing() {
    Evidence.Sts odd =
        sts(
            new Evidence.StsState.Enforce(
                "a",
                List.of(
                    pattern("mx1.example.net"),
                    pattern("192.0.2.1"),
                    pattern("hostname"),
                    pattern("nexthop"),
                    pattern("dot-nexthop"),
                    pattern("*.hostname"))));
    assertEquals(
        "OK secure match=mx1.example.net:.hostname servername=hostname protocols=>=TLSv1.2",
        host(MX1, false, odd).line());
    Domain address = Domain.of("192.0.2.1");
    Evidence.Sts only = sts(new Evidence.StsState.Enforce("a", List.of(pattern("192.0.2.1"))));
    assertTrue(host(address, false, only).line().startsWith("TEMP "));
    PolicyRow named =
        new PolicyRow(
            new DomainPattern.Exact(DOMAIN),
            TlsLevel.SECURE,
            Set.of(),
            List.of(address, Domain.of("a.test"), Domain.of("hostname")),
            null,
            null,
            address,
            true,
            "",
            "",
            null,
            false);
    assertEquals(
        "OK secure match=a.test protocols=>=TLSv1.2",
        host(MX1, false, new Evidence.NextHopRow(named)).line());
    MxFilter known = new MxFilter.LedgerKnown(Set.of(MX1, address), Set.of());
    assertEquals(
        "OK secure match=mx1.example.net protocols=>=TLSv1.2",
        host(MX1, false, new Evidence.LedgerLevel(TlsLevel.VERIFY, known, NOON, NOON)).line());
  }

  @Test
  void f1StsIsServedWhereDaneIsProvenAbsent() {
    PolicyMapTranslation.Served served =
        host(MX1, false, dane(MX1, false, absent()), ENFORCE).served();
    assertEquals(
        "OK secure match=mx1.example.net:.two.test servername=hostname protocols=>=TLSv1.2",
        served.answer().text());
    assertTrue(served.notes().getFirst().contains("listed name"));
    // Not yet fetched: mail waits.
    assertEquals(
        "TEMP mx1.example.net: its policy cannot be fetched: x; waiting until " + NOON,
        host(
                MX1,
                false,
                sts(new Evidence.StsState.Pending("its policy cannot be fetched: x", NOON)))
            .line());
  }

  @Test
  void f3AHostThatIsNotListedIsNotServed() {
    assertEquals(
        "TEMP mx2.example.net: is not among the MX hosts of the MTA-STS policy",
        host(MX2, false, dane(MX2, false, absent()), ENFORCE).line());
    // F4: next to one that is, the certificate decides.
    host(MX2, false, dane(MX2, false, absent()), ENFORCE);
    assertTrue(
        host(MX1, false, dane(MX1, false, absent()), ENFORCE)
            .line()
            .startsWith("OK secure match="));
  }

  @Test
  void e30DaneAndStsTogetherIsDaneWithANote() {
    PolicyMapTranslation.Served both =
        host(MX1, true, dane(MX1, true, usable(MX1)), ENFORCE).served();
    assertEquals("OK dane-only", both.answer().text());
    assertTrue(both.notes().getFirst().contains("a policy table cannot express"));
    // Over unsigned MX records DANE confirms no domain; MTA-STS does.
    assertTrue(
        host(MX1, false, dane(MX1, false, usable(MX1)), ENFORCE)
            .line()
            .startsWith("OK secure match=mx1.example.net:.two.test"));
  }

  @Test
  void rowsKeepTheirOwnLevel() {
    assertEquals(
        "OK verify match=hostname protocols=>=TLSv1.2",
        host(MX1, false, row(TlsLevel.VERIFY)).line());
    assertEquals(
        "OK secure match=example.org protocols=>=TLSv1.2",
        host(MX1, false, row(TlsLevel.SECURE)).line());
    PolicyRow named =
        new PolicyRow(
            new DomainPattern.Exact(DOMAIN),
            TlsLevel.SECURE,
            Set.of(),
            List.of(Domain.of("b.test"), Domain.of("a.test")),
            org.sealwax.mail.tls.verdict.TlsVersion.TLS_1_3,
            "ours",
            Domain.of("sni.test"),
            true,
            "",
            "",
            null,
            false);
    assertEquals(
        "OK secure match=a.test:b.test tafile=/etc/ssl/ours.pem servername=sni.test"
            + " protocols=>=TLSv1.3",
        host(MX1, false, new Evidence.NextHopRow(named)).line());
    PolicyRow pinned =
        PolicyRow.pinned(new DomainPattern.Exact(DOMAIN), Set.of(new Pin("ab".repeat(32))));
    assertEquals(
        "OK fingerprint match=" + "AB:".repeat(31) + "AB protocols=>=TLSv1.2",
        host(MX1, false, new Evidence.NextHopRow(pinned)).line());
    assertTrue(
        host(MX1, true, row(TlsLevel.DANE_ONLY), dane(MX1, true, absent()))
            .line()
            .startsWith("TEMP "));
  }

  @Test
  void theLedgersLevelsAreServed() {
    assertEquals(
        "OK encrypt protocols=>=TLSv1.2",
        host(MX1, false, new Evidence.LedgerLevel(TlsLevel.ENCRYPT, new MxFilter.Any(), NOON, NOON))
            .line());
    MxFilter known = new MxFilter.LedgerKnown(Set.of(MX1), Set.of(Domain.of("example.net")));
    assertEquals(
        "OK secure match=.example.net:example.net:mx1.example.net protocols=>=TLSv1.2",
        host(MX1, false, new Evidence.LedgerLevel(TlsLevel.VERIFY, known, NOON, NOON)).line());
  }

  @Test
  void reasonsAreSafeInForeignLogs() {
    assertEquals("TEMP a?b?", new SocketmapReply.Temporary("a\nb\u00e9").text());
    assertEquals(305, new SocketmapReply.Temporary("x".repeat(1_000)).text().length());
  }
}

package org.sealwax.router.evidence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.PeerVerifier;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.router.ledger.HostSample;
import org.sealwax.router.ledger.LedgerRound;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.ledger.ProvenHost;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.tls.TestCa;

/** Named peers are known again by their own MX hosts, and no other client is. */
final class PeerIdentitiesTest {
  private static final Domain PEER = Domain.of("peer.example");
  private static final Domain MX = Domain.of("mx.peer.example");
  private static final String OWNER = "_25._tcp.mx.peer.example";
  private static final TestCa CA = TestCa.root("Public Root");
  private static final Identity HOST = TestCa.selfSigned("whatever.example");

  private final ManualClock clock = new ManualClock(Instant.now());
  private final RecordingMailLog log = new RecordingMailLog();
  private final List<String> queries = new ArrayList<>();
  private FixedResolver.Builder dns =
      FixedResolver.builder()
          .secure("peer.example")
          .mx("peer.example", 10, "mx.peer.example")
          .a("mx.peer.example", "192.0.2.1");
  private List<ProvenHost> ledger = List.of();
  private final PeerIdentities identities;

  PeerIdentitiesTest() {
    Resolver resolver =
        (Resolver)
            Proxy.newProxyInstance(
                Resolver.class.getClassLoader(),
                new Class<?>[] {Resolver.class},
                (proxy, method, values) -> {
                  if (values == null) {
                    return proxy; // The same table is used.
                  }
                  queries.add(method.getName() + " " + values[0]);
                  try {
                    return method.invoke(dns.build(), values);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    identities =
        new PeerIdentities(
            resolver,
            new DaneSource(resolver, new HostAddresses.Families(true, true), clock),
            (domain, since) ->
                domain.equals(PEER)
                    ? ledger.stream().filter(p -> !p.last().isBefore(since)).toList()
                    : List.of(),
            new PeerVerifier(clock),
            clock,
            RandomSource.seeded(1),
            log.log());
    use(true);
  }

  private void use(boolean relay) {
    identities.use(List.of(new PeerIdentities.NamedPeer(PEER, relay)), CA.roots());
  }

  private static TlsaRecord tlsa(Identity identity) {
    return new TlsaRecord(3, 1, 1, Pins.of(identity.chain().getFirst()).hex());
  }

  /** Looks at every peer whose time has come; how many. */
  private int look() {
    List<Domain> due = identities.due();
    due.forEach(identities::refresh);
    return due.size();
  }

  private String likeness(Identity identity) {
    return identities
        .of(identity.chain())
        .map(l -> l.verdict().text() + (l.relay() ? " relay" : ""))
        .orElse("nobody");
  }

  private void remembers(Identity... shown) {
    ledger =
        List.of(
            new ProvenHost(
                MX,
                Set.copyOf(
                    java.util.Arrays.stream(shown)
                        .map(i -> Pins.of(i.chain().getFirst()))
                        .toList()),
                clock.now()));
  }

  @Test
  void keyOfASecureTlsaRecordIdentifiesThePeer() {
    dns.tlsa(OWNER, tlsa(HOST));
    assertEquals("nobody", likeness(HOST), "nothing was looked up yet, and nothing waits for it");
    look();
    assertEquals("verified(mirror peer.example tlsa) relay", likeness(HOST));
    assertEquals("nobody", likeness(TestCa.selfSigned("whatever.example")));
    assertEquals("nobody", likeness(CA.identity("mx.peer.example")), "a name is not enough here");
    assertEquals(Optional.empty(), identities.of(List.of()), "no certificate");
    assertTrue(log.recorded("note", "peer.example is identified by 1 TLSA of mx.peer.example"));
  }

  @Test
  void anAnchorWithTheNameIsThePeer() {
    TestCa between = CA.intermediate("Between");
    dns.tlsa(OWNER, new TlsaRecord(2, 1, 1, Pins.of(between.certificate()).hex()));
    look();
    assertEquals(
        "verified(mirror peer.example tlsa) relay", likeness(between.identity("mx.peer.example")));
    assertEquals("nobody", likeness(between.identity("mx.other.example")));
    assertEquals("nobody", likeness(CA.intermediate("Between").identity("mx.peer.example")));
  }

  @Test
  void ledgerKeyOfAVerifiedHostIdentifiesThePeer() {
    Identity key = TestCa.selfSigned("any.example");
    remembers(key);
    dns = FixedResolver.builder();
    look();
    assertEquals("verified(mirror peer.example key) relay", likeness(key));
    assertEquals(
        "verified(mirror peer.example name mx.peer.example) relay",
        likeness(CA.identity("mx.peer.example")));
    assertEquals("nobody", likeness(TestCa.selfSigned("mx.peer.example")), "no trusted chain");
    assertEquals("nobody", likeness(CA.leaf("mx.peer.example").expired().identity()));
    assertEquals(
        "nobody", likeness(TestCa.root("Somebody").identity("mx.peer.example")), "no such root");
    assertEquals("nobody", likeness(CA.identity("mx2.peer.example")), "another host");
  }

  @Test
  void unnamedPeerIsNotRecognized() {
    dns.tlsa(OWNER, tlsa(HOST));
    remembers(HOST);
    identities.use(
        List.of(new PeerIdentities.NamedPeer(Domain.of("other.example"), true)), CA.roots());
    look();
    assertEquals("nobody", likeness(HOST));
    assertFalse(queries.contains("mx peer.example"));
  }

  @Test
  void relayNeedsARelayRow() {
    dns.tlsa(OWNER, tlsa(HOST));
    use(false);
    look();
    assertEquals("verified(mirror peer.example tlsa)", likeness(HOST));
  }

  @Test
  void sharedProviderHostGrantsNoRelay() {
    dns =
        FixedResolver.builder()
            .secure("example")
            .mx("peer.example", 10, "mx.provider.example")
            .a("mx.provider.example", "192.0.2.1")
            .tlsa("_25._tcp.mx.provider.example", tlsa(HOST));
    look();
    assertEquals("verified(mirror peer.example tlsa)", likeness(HOST));
    assertTrue(log.recorded("of others too: no relay"));
  }

  @Test
  void recordsThatDnssecDoesNotProveFromTheMxOnNeverCount() {
    record Case(String what, UnaryOperator<FixedResolver.Builder> dns) {}
    for (Case c :
        List.of(
            new Case("insecure", d -> open(FixedResolver.builder()).tlsa(OWNER, tlsa(HOST))),
            new Case("bogus TLSA", d -> d.tlsa(OWNER, tlsa(HOST)).bogus(OWNER)),
            new Case("TLSA failed", d -> d.tlsa(OWNER, tlsa(HOST)).fails(OWNER)),
            new Case("bogus MX", d -> d.tlsa(OWNER, tlsa(HOST)).bogus("peer.example")),
            new Case("bogus address", d -> d.tlsa(OWNER, tlsa(HOST)).bogus("mx.peer.example")),
            new Case(
                "a secure host behind an unsigned MX",
                d ->
                    open(FixedResolver.builder().secure("mx.peer.example"))
                        .tlsa(OWNER, tlsa(HOST))),
            new Case("PKIX usages", d -> d.tlsa(OWNER, new TlsaRecord(1, 1, 1, tlsa(HOST).data()))),
            new Case(
                "a null MX",
                d ->
                    FixedResolver.builder()
                        .secure("peer.example")
                        .mx("peer.example", 0, ".")
                        .tlsa(OWNER, tlsa(HOST))))) {
      PeerIdentitiesTest test = new PeerIdentitiesTest();
      test.dns = c.dns().apply(test.dns);
      test.look();
      assertEquals("nobody", test.likeness(HOST), c.what());
    }
  }

  private static FixedResolver.Builder open(FixedResolver.Builder dns) {
    return dns.mx("peer.example", 10, "mx.peer.example").a("mx.peer.example", "192.0.2.1");
  }

  @Test
  void unrenewableIdentityCountsUntilItExpires() {
    dns.ttl(Duration.ofMinutes(30)).tlsa(OWNER, tlsa(HOST));
    look();
    dns.fails("peer.example");
    clock.pass(Duration.ofMinutes(20));
    assertEquals(1, look());
    assertEquals("verified(mirror peer.example tlsa) relay", likeness(HOST));
    clock.pass(Duration.ofMinutes(9));
    look();
    assertEquals("verified(mirror peer.example tlsa) relay", likeness(HOST));
    clock.pass(Duration.ofMinutes(2));
    assertEquals("nobody", likeness(HOST));
    look();
    assertEquals("nobody", likeness(HOST), "a failed look does not bring it back");
  }

  @Test
  void newTlsaRecordReplacesTheFormerKey() {
    dns.tlsa(OWNER, tlsa(HOST));
    look();
    Identity next = TestCa.selfSigned("next.example");
    dns = open(FixedResolver.builder().secure("peer.example")).tlsa(OWNER, tlsa(next));
    clock.pass(PeerIdentities.LATEST.plus(PeerIdentities.SOONEST).plusMinutes(10));
    look();
    assertEquals("nobody", likeness(HOST));
    assertEquals("verified(mirror peer.example tlsa) relay", likeness(next));
  }

  @Test
  void expiredKeyIsNotRecognized() {
    remembers(HOST);
    dns = FixedResolver.builder();
    look();
    assertEquals("verified(mirror peer.example key) relay", likeness(HOST));
    clock.pass(PeerIdentities.KEY_LIFE.plusSeconds(1));
    assertEquals("nobody", likeness(HOST), "even if no look came in between");
    look();
    assertEquals("nobody", likeness(HOST));
  }

  @Test
  void unknownClientsCauseNoLookupAndPeersAreRefreshedPeriodically() {
    dns.ttl(Duration.ofSeconds(1)).tlsa(OWNER, tlsa(HOST));
    look();
    queries.clear();
    for (int i = 0; i < 200; i++) {
      identities.of(TestCa.selfSigned("junk" + i + ".peer.example").chain());
      assertEquals(0, look());
    }
    assertEquals(List.of(), queries);
    int looks = 0;
    for (int minute = 0; minute < 60; minute++) {
      clock.pass(Duration.ofMinutes(1));
      looks += look();
      assertEquals("verified(mirror peer.example tlsa) relay", likeness(HOST));
    }
    assertTrue(looks >= 6 && looks <= 12, looks + " looks in an hour");
  }

  @Test
  void aPeerWithManyHostsIsBounded() {
    for (int i = 0; i < 60; i++) {
      dns.mx("peer.example", 20 + i, "m" + i + ".peer.example")
          .a("m" + i + ".peer.example", "192.0.2.9");
    }
    look();
    assertEquals(
        PeerIdentities.MOST_HOSTS, queries.stream().filter(a -> a.startsWith("tlsa ")).count());
    List<PeerIdentities.NamedPeer> many = new ArrayList<>();
    for (int i = 0; i <= PeerIdentities.MOST_PEERS; i++) {
      many.add(new PeerIdentities.NamedPeer(Domain.of("p" + i + ".example"), false));
    }
    assertThrows(IllegalArgumentException.class, () -> identities.use(many, TrustRoots.none()));
    identities.use(many.subList(1, many.size()), TrustRoots.none());
  }

  @Test
  void removedRowEndsAtOnceAndKeptRowIsNotLookedUpAgain() {
    dns.tlsa(OWNER, tlsa(HOST));
    look();
    use(false);
    assertEquals(0, look());
    assertEquals("verified(mirror peer.example tlsa)", likeness(HOST));
    identities.use(List.of(), CA.roots());
    assertEquals("nobody", likeness(HOST));
    use(true);
    assertEquals("nobody", likeness(HOST), "forgotten with its row");
    assertEquals(1, look());
  }

  @Test
  void ledgerProvesVerifyHostsAndNoForgedHost(@TempDir Path folder) throws IOException {
    Identity own = CA.identity("mx.peer.example");
    Identity evil = CA.identity("mx.evil.example");
    LedgerSettings quick =
        SettingsRecord.with(
            LedgerSettings.defaults(),
            Map.of(
                "sessions",
                2,
                "days",
                1,
                "perDay",
                4,
                "resolutions",
                1,
                "hostDays",
                1,
                "greetUnseen",
                false,
                "hold",
                Duration.ofDays(2),
                "regression",
                LedgerSettings.Regression.HOLD,
                "decay",
                Duration.ofDays(180),
                "domains",
                1_000));
    try (PersistentLedger real =
        PersistentLedger.open(
            folder.resolve("ledger.db"), quick, clock, log.log(), (domain, host) -> false)) {
      // Before anything is known an attacker answers the question for MX records.
      round(real, Domain.of("mx.evil.example"), evil);
      ledger = real.proven(PEER, Instant.EPOCH);
      assertEquals(List.of(), ledger);
      for (int i = 0; i < 4; i++) {
        clock.pass(Duration.ofHours(1));
        round(real, MX, own);
      }
      clock.pass(Duration.ofHours(1));
      round(real, Domain.of("mx.evil.example"), evil);
      clock.pass(Duration.ofHours(1));
      round(real, MX, own);
      ledger = real.proven(PEER, clock.now().minus(PeerIdentities.KEY_LIFE));
    }
    dns = FixedResolver.builder();
    look();
    assertEquals("verified(mirror peer.example key) relay", likeness(own));
    assertEquals("nobody", likeness(evil));
  }

  /** One delivery as reported to the ledger. */
  private void round(PersistentLedger real, Domain host, Identity shows) {
    LedgerRound round =
        real.beginRound(
            PEER,
            new RoundMx(Set.of(host), false, clock.now().plusSeconds(300)),
            SampleOrigin.MAIL);
    round.addresses(host, true, false);
    Handshake handshake =
        new Handshake(
            TlsVersion.TLS_1_3,
            "TLS_AES_256_GCM_SHA384",
            256,
            null,
            false,
            host.name(),
            shows.chain(),
            true,
            new Verdict.Trusted(),
            List.of());
    round.observed(
        new HostSample(
            host,
            InetAddress.ofLiteral("192.0.2.1"),
            new Observation.Encrypted(handshake),
            FallbackStep.FULL,
            true,
            false));
  }
}

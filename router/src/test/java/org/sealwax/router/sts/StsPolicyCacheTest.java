package org.sealwax.router.sts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsStep;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.router.evidence.EvidenceGatherer.StsSource;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.sts.StsPolicyHost;
import org.sealwax.testkit.tls.TestCa;

/**
 * Test cases of the lab's group F that need a stored policy, with a real HTTPS server and a store
 * on disk.
 */
final class StsPolicyCacheTest {
  private static final TestCa CA = TestCa.root("public");
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final Instant NOON = Instant.parse("2026-11-25T12:00:00Z");
  private static final TlsClient TLS =
      new TlsFactory(TlsSettings.defaults(), Clock.system(), RandomSource.secure())
          .client(
              ClientTlsSettings.defaults(),
              IdentityStore.fixed(CA.identity("router.example"), Map.of(), Clock.system()));

  @TempDir private Path folder = Path.of("");
  private ManualClock clock = new ManualClock(NOON);
  private FirstContactWait patience = FirstContactWait.defaults();
  private final RecordingMailLog log = new RecordingMailLog();
  private final List<String> witnessed = new ArrayList<>();
  private final AtomicReference<FixedResolver> dns =
      new AtomicReference<>(
          FixedResolver.builder()
              .txt("_mta-sts.example.org", "v=STSv1; id=a")
              .a("mta-sts.example.org", "127.0.0.1")
              .build());
  private boolean inMemory;
  private final StsPolicyHost host = host();
  private final List<StsPolicyCache> opened = new ArrayList<>();

  private static StsPolicyHost host() {
    try {
      return new StsPolicyHost(
          CA.identity("mta-sts.example.org"),
          StsPolicyHost.policy(policy("mx.example.org", 604_800)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String policy(String mx, int maxAge) {
    return "version: STSv1\nmode: enforce\nmx: " + mx + "\nmax_age: " + maxAge + "\n";
  }

  /** The world of the test, which changes under the feet of who asks. */
  private final class ChangingStsSite implements Resolver {
    @Override
    public Resolver cacheOnly() {
      return inMemory ? now().cacheOnly() : Resolver.super.cacheOnly();
    }

    private Resolver now() {
      return java.util.Objects.requireNonNull(dns.get());
    }

    @Override
    public DnsAnswer<MxRecord> mx(Domain domain) {
      return now().mx(domain);
    }

    @Override
    public DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family) {
      return now().addresses(host, family);
    }

    @Override
    public DnsAnswer<String> txt(Domain name) {
      return now().txt(name);
    }

    @Override
    public DnsAnswer<TlsaRecord> tlsa(Domain owner) {
      return now().tlsa(owner);
    }

    @Override
    public DnsAnswer<Domain> alias(Domain name) {
      return now().alias(name);
    }

    @Override
    public DnsAnswer<Domain> reverse(InetAddress address) {
      return now().reverse(address);
    }
  }

  private StsPolicyCache open() throws IOException {
    return open(
        (domain, lost) ->
            witnessed.add(domain + " " + lost.why() + " " + lost.fetched().policy().mx()));
  }

  private StsPolicyCache open(ExpiryListener listener) throws IOException {
    Resolver resolver = new ChangingStsSite();
    StsSettings settings =
        new StsSettings(
            true,
            folder.resolve("sts.db"),
            1_000,
            4,
            Duration.ofSeconds(20),
            host.port(),
            patience);
    HttpsClient https =
        new HttpsClient(resolver, SystemDialer.trusted(), TLS, CA.roots(), Clock.system());
    StsPolicyCache policies =
        new StsPolicyCache(
            settings,
            resolver,
            new PolicyFetcher(https, settings.port(), settings.total()),
            SteadyClock.startingWith(clock).believed(),
            RandomSource.seeded(1),
            log.log(),
            listener);
    opened.add(policies);
    return policies;
  }

  @AfterEach
  void close() throws IOException {
    for (StsPolicyCache policies : opened) {
      policies.close();
    }
    host.close();
  }

  private void publish(String id) {
    dns.set(
        dns()
            .without("_mta-sts.example.org")
            .txt("_mta-sts.example.org", "v=STSv1; id=" + id)
            .build());
  }

  private FixedResolver.Builder dns() {
    return java.util.Objects.requireNonNull(dns.get()).toBuilder();
  }

  private static void enforces(String id, String mx, Evidence.Sts evidence) {
    Evidence.StsState.Enforce enforce =
        assertInstanceOf(Evidence.StsState.Enforce.class, evidence.state(), evidence.origin());
    assertEquals(id + " [" + mx + "]", enforce.id() + " " + enforce.mx());
  }

  private static void pending(Evidence.Sts evidence) {
    assertInstanceOf(Evidence.StsState.Pending.class, evidence.state(), evidence.origin());
  }

  private static void absent(Evidence.Sts evidence) {
    assertInstanceOf(Evidence.StsState.Absent.class, evidence.state(), evidence.origin());
  }

  @Test
  void f1F19ThePolicyIsFetchedBeforeTheFirstDeliveryAndOnce() throws IOException {
    StsPolicyCache policies = open();
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    assertEquals(1, host.requests().size());
    assertEquals(
        policy("mx.example.org", 604_800), policies.inForce(DOMAIN).orElseThrow().policy().text());
  }

  @Test
  void ifCachedNeedsNoLookupAndNoFetch() throws IOException {
    StsPolicyCache policies = open();
    assertTrue(policies.ifCached(DOMAIN).isEmpty(), "the DNS must be asked");
    inMemory = true;
    assertTrue(policies.ifCached(DOMAIN).isEmpty(), "the policy must be fetched");
    assertEquals(0, host.requests().size());
    policies.evidenceFor(DOMAIN);
    enforces("a", "mx.example.org", policies.ifCached(DOMAIN).orElseThrow());
    publish("b");
    assertTrue(policies.ifCached(DOMAIN).isEmpty(), "another policy is announced");
    enforces("b", "mx.example.org", policies.evidenceFor(DOMAIN));
    assertEquals(2, host.requests().size());
    absent(policies.ifCached(Domain.of("other.example")).orElseThrow());
  }

  @Test
  void failedRecordLookupIsNeverCached() throws IOException {
    StsPolicyCache policies = open();
    policies.evidenceFor(DOMAIN);
    inMemory = true;
    dns.set(dns().without("_mta-sts.example.org").fails("_mta-sts.example.org").build());
    assertTrue(policies.ifCached(DOMAIN).isEmpty());
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
  }

  @Test
  void prefetchedPolicyIsFetchedOnce() throws IOException {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    host.says(
        out -> {
          asked.countDown();
          go.await();
          StsPolicyHost.policy(policy("mx.example.org", 604_800)).to(out);
        });
    StsPolicyCache policies = open();
    policies.prefetch(DOMAIN);
    assertTimeoutPreemptively(Duration.ofSeconds(20), () -> asked.await());
    // A fetch is in progress although no caller waits for it.
    go.countDown();
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    assertEquals(1, host.requests().size());
    policies.prefetch(Domain.of("silent.example"));
  }

  @Test
  void f17TheCachedPolicyOutlivesRecordHostAndRestart() throws IOException {
    StsPolicyCache policies = open();
    policies.evidenceFor(DOMAIN);
    policies.close();
    host.close();
    dns.set(FixedResolver.builder().exists("example.org").build());
    clock.pass(Duration.ofDays(7).minusSeconds(2));
    enforces("a", "mx.example.org", open().evidenceFor(DOMAIN));
    dns.set(FixedResolver.builder().fails("_mta-sts.example.org").build());
    enforces("a", "mx.example.org", open().evidenceFor(DOMAIN));
    // STARTTLS stripped or not: with this evidence there is no plaintext (PolicySpaceTest).
  }

  @Test
  void f18ANewIdLeadsToTheNewHosts() throws IOException {
    StsPolicyCache policies = open();
    policies.evidenceFor(DOMAIN);
    publish("b");
    host.says(StsPolicyHost.policy(policy("*.new.example", 604_800)));
    enforces("b", "*.new.example", policies.evidenceFor(DOMAIN));
    assertEquals(2, host.requests().size());
  }

  @Test
  void aNewIdWhosePolicyCannotBeHadKeepsTheOldOne() throws IOException {
    StsPolicyCache policies = open();
    policies.evidenceFor(DOMAIN);
    publish("b");
    host.says(StsPolicyHost.says(500, "text/plain", ""));
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    assertEquals(2, host.requests().size());
    clock.pass(StsStep.LEAST_GAP);
    host.says(StsPolicyHost.policy(policy("mx2.example.org", 604_800)));
    enforces("b", "mx2.example.org", policies.evidenceFor(DOMAIN));
  }

  @Test
  void f8ABrokenPolicyHostAtFirstContactHoldsMailAndThenLetsItGo() throws IOException {
    host.shows(TestCa.selfSigned("mta-sts.example.org"));
    StsPolicyCache policies = open();
    pending(policies.evidenceFor(DOMAIN));
    clock.pass(Duration.ofMinutes(29));
    // The hold survives a restart: it does not begin again.
    policies.close();
    StsPolicyCache again = open();
    pending(again.evidenceFor(DOMAIN));
    clock.pass(Duration.ofMinutes(6));
    absent(again.evidenceFor(DOMAIN));
    assertTrue(again.evidenceFor(DOMAIN).origin().contains("could not be fetched since"));
    assertTrue(host.requests().isEmpty());
    assertTrue(host.waitsForConnections(3), "fetched at 0, 29 and 35 minutes");
    // When the host is fixed, so is the policy.
    host.shows(CA.identity("mta-sts.example.org"));
    clock.pass(Duration.ofHours(1));
    enforces("a", "mx.example.org", again.evidenceFor(DOMAIN));
  }

  @Test
  void aFileThatIsNoPolicyHoldsNoMailOverARestartEither() throws IOException {
    host.says(StsPolicyHost.policy("<html>not here</html>\n"));
    StsPolicyCache policies = open();
    absent(policies.evidenceFor(DOMAIN));
    assertTrue(policies.evidenceFor(DOMAIN).origin().contains("not a policy: line 1"));
    policies.close();
    StsPolicyCache again = open();
    absent(again.evidenceFor(DOMAIN));
    assertEquals(1, host.requests().size());
    clock.pass(Duration.ofMinutes(5));
    host.says(StsPolicyHost.policy("\ufeff" + policy("mx.example.org", 99_999_999) + "mx: -\n\n"));
    enforces("a", "mx.example.org", again.evidenceFor(DOMAIN));
    assertEquals(clock.now().plus(Duration.ofHours(8_766)), again.evidenceFor(DOMAIN).expires());
    again.close();
    enforces("a", "mx.example.org", open().evidenceFor(DOMAIN));
  }

  /** Only the owner can have served it by verified HTTPS, so that waiting is of no use. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n\n",
        "version: STSv1\n",
        "version: STSv1\nmode: enforce\nmax_age: 86400\n",
        "version: STSv1\nmode: enforce\nmx: 192.0.2.1:25\nmx: *\nmax_age: 86400\n",
        "version: STSv2\nmode: enforce\nmx: mx.example.org\nmax_age: 86400\n",
        "version: STSv1\nmode: Enforce\nmx: mx.example.org\nmax_age: 86400\n",
        "version: STSv1\nmode: testing\nmx: mx.example.org\nmax_age: one week\n",
        "version: STSv1; mode: enforce; mx: mx.example.org; max_age: 86400",
        "\ufeff\ufeffversion: STSv1\nmode: enforce\nmx: mx.example.org\nmax_age: 86400\n",
        "LARGE"
      })
  void whatIsServedAndIsNoPolicyHoldsNoMail(String served) throws IOException {
    host.says(
        StsPolicyHost.policy(
            served.equals("LARGE")
                ? policy("mx.example.org", 86_400) + "x: " + "y".repeat(StsPolicy.MAX_SIZE)
                : served));
    absent(open().evidenceFor(DOMAIN));
  }

  @Test
  void changedWaitsApplyToFetchesThatBeganBefore() throws IOException {
    host.says(StsPolicyHost.says(500, "text/plain", "down"));
    StsPolicyCache policies = open();
    pending(policies.evidenceFor(DOMAIN));
    policies.close();
    clock.pass(Duration.ofSeconds(20));
    patience = new FirstContactWait(Duration.ofSeconds(20), Duration.ofSeconds(20));
    StsPolicyCache brief = open();
    absent(brief.evidenceFor(DOMAIN));
    assertEquals(1, host.requests().size());
  }

  @Test
  void aLookUpThatFailsHoldsForFourHoursOverARestart() throws IOException {
    dns.set(FixedResolver.builder().fails("_mta-sts.example.org").build());
    StsPolicyCache policies = open();
    pending(policies.evidenceFor(DOMAIN));
    clock.pass(Duration.ofHours(3));
    policies.close();
    StsPolicyCache again = open();
    pending(again.evidenceFor(DOMAIN));
    clock.pass(Duration.ofHours(1));
    absent(again.evidenceFor(DOMAIN));
  }

  @Test
  void ledgerLearnsOfExpiredEnforcePolicy() throws Exception {
    StsPolicyCache policies = open();
    policies.evidenceFor(DOMAIN);
    host.says(StsPolicyHost.says(404, "text/plain", ""));
    for (int hour = 0; hour < 7 * 24; hour++) {
      clock.pass(Duration.ofHours(1));
      policies.sweep();
    }
    assertEquals(List.of("example.org REFRESH_FAILED [mx.example.org]"), List.copyOf(witnessed));
    assertTrue(log.recorded("warning", "example.org", "the ledger records its hosts"));
    // It was asked about hourly for the last six days, and not more.
    int requests = host.requests().size();
    assertTrue(requests > 100 && requests <= 7 * 24 + 1, "requests: " + requests);
  }

  @Test
  void policiesInUseAreRenewedDailyAndOthersNot() throws Exception {
    StsPolicyCache policies = open();
    policies.evidenceFor(DOMAIN);
    for (int day = 0; day < 5; day++) {
      clock.pass(Duration.ofHours(24));
      policies.sweep();
    }
    assertEquals(6, host.requests().size());
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    host.says(StsPolicyHost.policy(policy("mx.example.org", 31_557_600)));
    publish("b");
    policies.evidenceFor(DOMAIN);
    policies.close();
    StsPolicyCache again = open();
    int before = host.requests().size();
    clock.pass(Duration.ofDays(179));
    again.sweep();
    assertEquals(before + 1, host.requests().size());
    clock.pass(Duration.ofDays(2));
    again.sweep();
    assertEquals(before + 1, host.requests().size(), "renewed for nobody");
    // Kept nevertheless, until it expires.
    assertTrue(again.inForce(DOMAIN).isPresent());
    clock.pass(Duration.ofDays(366));
    again.sweep();
    assertEquals(0, again.domains());
    assertTrue(witnessed.isEmpty(), "nobody missed it");
  }

  /**
   * The ledger asks whether a policy lists a host while it holds a lock of its own, and is notified
   * of an ended policy under the same lock: each waiting for the other would end all deliveries.
   */
  @Test
  void ledgerMayQueryDuringTheCallback() throws Exception {
    java.util.concurrent.locks.ReentrantLock ledger =
        new java.util.concurrent.locks.ReentrantLock();
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch telling = new CountDownLatch(1);
    StsPolicyCache policies =
        open(
            (domain, lost) -> {
              telling.countDown();
              ledger.lock();
              try {
                witnessed.add("told");
              } finally {
                ledger.unlock();
              }
            });
    policies.evidenceFor(DOMAIN);
    host.close();
    dns.set(FixedResolver.builder().build());
    clock.pass(Duration.ofDays(8));
    Thread asks =
        Thread.ofVirtual()
            .start(
                () -> {
                  ledger.lock();
                  try {
                    held.countDown();
                    telling.await();
                    policies.inForce(DOMAIN);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  } finally {
                    ledger.unlock();
                  }
                });
    held.await();
    Thread reporter = Thread.ofVirtual().start(() -> policies.evidenceFor(DOMAIN));
    assertTrue(asks.join(Duration.ofSeconds(30)), "the ledger waits for ever");
    assertTrue(reporter.join(Duration.ofSeconds(30)), "and so does the delivery");
    assertEquals(List.of("told"), List.copyOf(witnessed));
  }

  @Test
  void manyDeliveriesAtOnceMakeOneFetch() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    StsPolicyHost.PolicyHostResponse good = StsPolicyHost.policy(policy("mx.example.org", 604_800));
    host.says(
        out -> {
          asked.countDown();
          go.await();
          good.to(out);
        });
    StsPolicyCache policies = open();
    try (Scope scope = new Scope("deliveries")) {
      List<Scope.ForkedTask<Evidence.Sts>> tasks = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        tasks.add(scope.fork(() -> policies.evidenceFor(DOMAIN)));
      }
      asked.await();
      go.countDown();
      scope.join();
      for (Scope.ForkedTask<Evidence.Sts> task : tasks) {
        enforces("a", "mx.example.org", task.get());
      }
    }
    assertEquals(1, host.requests().size());
  }

  @Test
  void interruptedCallerStopsAndTheFetchCompletes() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    host.says(
        out -> {
          asked.countDown();
          go.await();
          StsPolicyHost.policy(policy("mx.example.org", 604_800)).to(out);
        });
    StsPolicyCache policies = open();
    AtomicReference<Evidence.Sts> got = new AtomicReference<>();
    Thread delivery = Thread.ofVirtual().start(() -> got.set(policies.evidenceFor(DOMAIN)));
    asked.await();
    delivery.interrupt();
    delivery.join();
    pending(java.util.Objects.requireNonNull(got.get()));
    go.countDown();
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    assertEquals(1, host.requests().size());
  }

  /** A fetch that ends with the program is not a result about the host, and changes no store. */
  @Test
  void closeEndsTheFetchUnderWayAndKeepsNothingOfIt() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    host.says(
        out -> {
          asked.countDown();
          go.await();
          StsPolicyHost.policy(policy("mx.example.org", 604_800)).to(out);
        });
    StsPolicyCache policies = open();
    AtomicReference<Evidence.Sts> got = new AtomicReference<>();
    Thread delivery = Thread.ofVirtual().start(() -> got.set(policies.evidenceFor(DOMAIN)));
    asked.await();
    policies.close();
    go.countDown();
    delivery.join();
    pending(java.util.Objects.requireNonNull(got.get()));
    assertFalse(log.recorded("warning"), log.facts().toString());
    assertFalse(log.recorded("bug"), log.facts().toString());
    assertFalse(log.recorded("not fetched"), log.facts().toString());
    StsPolicyCache again = open();
    assertTrue(again.status(DOMAIN).memory().isEmpty(), "no failure of the host is remembered");
    enforces("a", "mx.example.org", again.evidenceFor(DOMAIN));
  }

  /** The background renews a policy when the program ends. */
  @Test
  void closeWaitsForTheRenewalUnderWay() throws Exception {
    StsPolicyCache policies = open();
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    host.says(
        out -> {
          asked.countDown();
          go.await();
        });
    clock.pass(Duration.ofHours(25));
    policies.start();
    asked.await();
    policies.close();
    int facts = log.facts().size();
    go.countDown();
    assertFalse(log.recorded("warning"), log.facts().toString());
    assertFalse(log.recorded("bug"), log.facts().toString());
    enforces("a", "mx.example.org", open().evidenceFor(DOMAIN));
    assertEquals(facts, log.facts().size(), "nothing goes on after close");
  }

  @Test
  void aClockThatJumpsAheadEndsNoPolicy() throws IOException {
    StsPolicyCache policies = open();
    policies.evidenceFor(DOMAIN);
    dns.set(FixedResolver.builder().build());
    host.close();
    // The wall clock alone moves by ten years.
    clock.jump(Duration.ofDays(3_650));
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    clock.pass(Duration.ofHours(23));
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    // A day later it is believed.
    clock.pass(Duration.ofHours(2));
    policies.evidenceFor(DOMAIN);
    assertEquals(1, witnessed.size());
  }

  @Test
  void aClockThatGoesBackEndsNoPolicyEither() throws IOException {
    StsPolicyCache policies = open();
    policies.evidenceFor(DOMAIN);
    clock.jump(Duration.ofDays(-3_650));
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    policies.close();
    enforces("a", "mx.example.org", open().evidenceFor(DOMAIN));
  }

  /** F2 as a whole is the scenario's; this is "re-fetch policy before giving up". */
  @Test
  void f2ARecheckFindsAPolicyThatChangedUnderTheSameId() throws IOException {
    StsPolicyCache policies = open();
    policies.evidenceFor(DOMAIN);
    host.says(StsPolicyHost.policy(policy("mx2.example.org", 604_800)));
    enforces("a", "mx.example.org", policies.recheck(DOMAIN));
    clock.pass(StsStep.LEAST_GAP);
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    enforces("a", "mx2.example.org", policies.recheck(DOMAIN));
  }

  @Test
  void damagedStoreIsMovedAsideAndLogged() throws IOException {
    Files.writeString(folder.resolve("sts.db"), "not a database, by far".repeat(1_000));
    enforces("a", "mx.example.org", open().evidenceFor(DOMAIN));
    assertTrue(Files.exists(folder.resolve("sts.db.damaged")));
    assertTrue(log.recorded("warning", "is damaged"));
  }

  @Test
  void aStoreThatCannotBeReadIsNotADomainWithoutAPolicy() throws IOException {
    StsPolicyCache policies = open();
    policies.evidenceFor(DOMAIN);
    policies.close();
    // In memory it is still known; what would have to be read is not taken for nothing.
    enforces("a", "mx.example.org", policies.evidenceFor(DOMAIN));
    assertThrows(UncheckedIOException.class, () -> policies.evidenceFor(Domain.of("example.net")));
    assertTrue(policies.inForce(Domain.of("example.net")).isEmpty());
  }

  @Test
  void evidenceIsForTheNextHop() throws IOException {
    StsSource source = new StsSource(open());
    Evidence.Sts sts =
        assertInstanceOf(
            Evidence.Sts.class,
            source
                .evidenceFor(new PolicySubject(DOMAIN, Domain.of("mx.elsewhere.example"), false))
                .getFirst());
    assertEquals(DOMAIN, sts.domain());
    // F3, F4, F5: which hosts its patterns admit.
    Evidence.StsState.Enforce enforce =
        assertInstanceOf(Evidence.StsState.Enforce.class, sts.state());
    MxFilter filter = new MxFilter.Patterns(enforce.mx());
    assertFalse(filter.admits(Domain.of("mx.elsewhere.example")));
    assertTrue(filter.admits(Domain.of("mx.example.org")));
    // A smart host is its own policy domain, an address has none.
    assertEquals(1, source.evidenceFor(PolicySubject.fixed(Domain.of("smart.example.net"))).size());
    assertTrue(
        source
            .evidenceFor(
                PolicySubject.fixed(new AddressLiteral(InetAddress.ofLiteral("192.0.2.1"))))
            .isEmpty());
  }
}

package org.sealwax.router.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackState;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Proof;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.router.evidence.EvidenceGatherer.LedgerSource;
import org.sealwax.router.evidence.EvidenceGatherer.PolicyRows;
import org.sealwax.router.evidence.EvidenceGatherer.StsSource;
import org.sealwax.router.evidence.EvidenceSource;
import org.sealwax.router.ledger.FilledLedger;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.sts.FilledStsPolicyStore;
import org.sealwax.router.sts.StsPolicyCache;
import org.sealwax.router.sts.StsSettings;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/**
 * Domains about which everything is known: a signed zone with MX, address, TLSA and {@code
 * _mta-sts}, a policy in {@code enforce}, a level in the ledger; in the real resolver, store and
 * ledger.
 */
final class WarmCaches implements AutoCloseable {
  static final Domain HOST = Domain.of("mx1.provider.example");
  private static final Domain OTHER = Domain.of("mx2.provider.example");
  private static final String DIGEST = "ab".repeat(32);

  final List<Domain> domains;
  final Clock clock = Clock.system();
  final Path folder;
  final LoopbackResolver server;
  final CachingResolver resolver;
  final StsPolicyCache policies;
  final PersistentLedger ledger;
  private final PolicyFetcher fetcher;
  final Policy policy =
      new Policy(FallbackLadder.of(true, true, Duration.ofHours(4)), TlsFloors.DEFAULT);
  final EvidenceSource dane;
  final EvidenceSource sts;
  final EvidenceSource memory;
  final EvidenceGatherer gatherer;

  /** Nothing is in memory yet. */
  WarmCaches(int count) throws IOException {
    this(count, true);
  }

  /**
   * @param signed whether the zone is: at a hundred thousand domains signing takes minutes
   */
  WarmCaches(int count, boolean signed) throws IOException {
    this.domains =
        IntStream.range(0, count).mapToObj(i -> Domain.of("customer-" + i + ".example")).toList();
    this.folder = Files.createTempDirectory("sealwax-bench");
    this.server =
        LoopbackResolver.start(
            clock, signed ? Zone.of("example", zone()).signed() : Zone.of("example", zone()));
    this.resolver =
        new CachingResolver(
            DnsSettings.defaults()
                .withResolvers(List.of(server.address()))
                .withAnchors(server.anchors())
                .withTimeout(Duration.ofSeconds(5))
                .withTotal(Duration.ofSeconds(30))
                // Of each domain MX and TXT; more than usual only where more is measured.
                .withCacheEntries(
                    Math.max(DnsSettings.defaults().cacheEntries(), 2 * count + 1_000)),
            clock,
            RandomSource.secure());
    Instant now = clock.now();
    FilledStsPolicyStore.write(
        folder.resolve("sts.db"),
        domains,
        "a",
        "version: STSv1\nmode: enforce\nmx: *.provider.example\nmax_age: 604800\n",
        now);
    FilledLedger.write(folder.resolve("ledger.db"), domains, List.of(HOST, OTHER), now);
    MailLog log = new RecordingMailLog().log();
    TestCa ca = TestCa.root("bench");
    HttpsClient https =
        new HttpsClient(
            resolver,
            SystemDialer.trusted(),
            new TlsFactory(TlsSettings.defaults(), clock, RandomSource.secure())
                .client(
                    ClientTlsSettings.defaults(),
                    IdentityStore.fixed(ca.identity("router.example"), Map.of(), clock)),
            ca.roots(),
            clock);
    this.fetcher = new PolicyFetcher(https, 443, Duration.ofSeconds(5));
    this.policies = openPolicies();
    this.ledger =
        PersistentLedger.open(
            folder.resolve("ledger.db"),
            LedgerSettings.defaults(),
            clock,
            log,
            (domain, host) -> false);
    this.dane = new DaneSource(resolver, new HostAddresses.Families(true, true), clock);
    this.sts = new StsSource(policies);
    this.memory = new LedgerSource(ledger);
    this.gatherer =
        new EvidenceGatherer(List.of(new PolicyRows(TlsLevel.MAY, List.of()), dane, sts, memory));
  }

  /** The policies from their file, as after a restart. */
  StsPolicyCache openPolicies() throws IOException {
    return new StsPolicyCache(
        StsSettings.in(folder.resolve("sts.db")),
        resolver,
        fetcher,
        clock,
        RandomSource.secure(),
        new RecordingMailLog().log(),
        (domain, lost) -> {});
  }

  private String zone() {
    StringBuilder text = new StringBuilder();
    for (String host : List.of("mx1.provider", "mx2.provider")) {
      text.append(host).append(" A 192.0.2.1\n").append(host).append(" AAAA 2001:db8::1\n");
      text.append("_25._tcp.").append(host).append(" TLSA 3 1 1 ").append(DIGEST).append('\n');
    }
    for (int i = 0; i < domains.size(); i++) {
      text.append("customer-").append(i).append(" MX 10 mx1.provider\n");
      text.append("customer-").append(i).append(" MX 20 mx2.provider\n");
      text.append("_mta-sts.customer-").append(i).append(" TXT \"v=STSv1; id=a\"\n");
    }
    return text.toString();
  }

  PolicySubject subject(int i) {
    return new PolicySubject(domains.get(i), HOST, true);
  }

  /** What a connection to the host shows: the certificate that TLSA and policy require. */
  Observation shown() {
    X509Certificate leaf = TestCa.root("bench").identity(HOST.name()).chain().getFirst();
    return new Observation.Encrypted(
        new Handshake(
            TlsVersion.TLS_1_3,
            "TLS_AES_256_GCM_SHA384",
            256,
            "X25519MLKEM768",
            false,
            HOST.name(),
            List.of(leaf),
            false,
            new Verdict.Verified(Verdict.IdentifiedBy.NAME, HOST.name()),
            new Proof(true, new TlsaAssociation(3, 1, 1, DIGEST)),
            List.of()));
  }

  FallbackState state() {
    Instant now = clock.now();
    return new FallbackState(
        FallbackStep.FULL, 1, 1, 2, false, false, now, now, HostMemory.nothing());
  }

  /** Everything into memory. */
  void warm() throws InterruptedException {
    for (int i = 0; i < domains.size(); i++) {
      resolver.mx(domains.get(i));
      gatherer.gather(subject(i));
    }
  }

  @Override
  public void close() {
    try {
      ledger.close();
      policies.close();
      server.close();
      List<Path> files = new ArrayList<>();
      try (Stream<Path> all = Files.walk(folder)) {
        all.forEach(files::add);
      }
      for (Path file : files.reversed()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package org.sealwax.app;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.sealwax.lab.site.Lab;
import org.sealwax.lab.site.LabToken;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.router.deliver.ConnectionPoolSettings;
import org.sealwax.router.deliver.DeliveryRecorder;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.deliver.Dialers;
import org.sealwax.router.deliver.FakeInternet;
import org.sealwax.router.deliver.HostConnector;
import org.sealwax.router.deliver.SmtpDeliveryAgent;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.router.evidence.EvidenceGatherer.LedgerSource;
import org.sealwax.router.evidence.EvidenceGatherer.StsSource;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.TestRecipients;
import org.sealwax.router.receipts.Receipts;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.sts.StsPolicyCache;
import org.sealwax.router.sts.StsSettings;
import org.sealwax.testkit.net.ManualClock;

/**
 * Our own sender in the lab: the courier with everything that the running router gives it (a
 * validating resolver, DANE, MTA-STS by HTTPS, the ledger), default settings, and waits that pass
 * at once because the clock is ours.
 */
final class LabDeliveryAgent implements AutoCloseable {
  /** When rounds take place, as the retry schedule has it, more or less, after the first. */
  static final List<Duration> ROUNDS =
      List.of(
          Duration.ZERO,
          Duration.ofMinutes(6),
          Duration.ofMinutes(36),
          Duration.ofMinutes(50),
          Duration.ofHours(5));

  private static final int AT_ONCE = 24;

  final RecordingMailLog log = new RecordingMailLog();
  private final ManualClock clock = new ManualClock(Instant.now());
  private final Lab lab;
  private final LabToken token;
  private final PersistentLedger ledger;
  private final StsPolicyCache policies;
  private final SmtpDeliveryAgent deliveryAgent;

  /**
   * @param fetch how long a fetch of a policy may take
   */
  LabDeliveryAgent(Lab lab, LabToken token, Path folder, Duration fetch, TlsEngine engine)
      throws IOException {
    this.lab = lab;
    this.token = token;
    RandomSource random = RandomSource.secure();
    CachingResolver resolver =
        new CachingResolver(
            DnsSettings.defaults()
                .withResolvers(List.of(lab.resolver()))
                .withAnchors(lab.anchors())
                .withTimeout(Duration.ofSeconds(3))
                .withTotal(Duration.ofSeconds(10)),
            clock,
            random);
    TrustRoots roots = RootStore.fromPem(Files.writeString(folder.resolve("ca"), lab.rootPem()));
    TlsFactory factory = new TlsFactory(new TlsSettings(engine), clock, random);
    IdentityStore own =
        IdentityStore.open(
            IdentitySettings.defaults(folder.resolve("id"), Domain.of("mx.sender.example")),
            Clock.system(),
            random);
    TlsClient tls = factory.client(ClientTlsSettings.defaults(), own);
    Dialer dialer =
        SystemDialer.guarded(
            new DialerSettings(
                List.of(Cidr.parse("127.0.0.0/8").orElseThrow(), Cidr.parse("::1").orElseThrow())));
    this.ledger =
        PersistentLedger.open(
            folder.resolve("ledger.db"),
            LedgerSettings.defaults(),
            clock,
            log.log(),
            (domain, host) -> false);
    this.policies =
        new StsPolicyCache(
            new StsSettings(
                true,
                folder.resolve("sts.db"),
                1_000,
                64,
                fetch,
                lab.settings().httpsPort(),
                FirstContactWait.defaults()),
            resolver,
            new PolicyFetcher(
                new HttpsClient(resolver, dialer, tls, roots, clock),
                lab.settings().httpsPort(),
                fetch),
            clock,
            random,
            log.log(),
            (domain, lost) -> ledger.keep(domain, lost.fetched().policy().mx()));
    this.deliveryAgent =
        new SmtpDeliveryAgent(
            settings(),
            resolver,
            new HostConnector(
                settings(),
                resolver,
                new Dialers(dialer, SystemDialer.trusted()),
                tls,
                Map.of("public", roots),
                random),
            new EvidenceGatherer(
                List.of(
                    new DaneSource(resolver, new HostAddresses.Families(true, true), clock),
                    new StsSource(policies),
                    new LedgerSource(ledger)),
                domain -> java.util.Optional.of(policies.recheck(domain)),
                resolver::forget),
            new DeliveryRecorder(
                log.log(), ledger, ledger.hostMemories(), Receipts.none(), (domain, results) -> {}),
            clock,
            random);
  }

  private DeliverySettings settings() {
    return new DeliverySettings(
        "mx.sender.example",
        Set.of(Domain.of("mx.sender.example")),
        Set.of(
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), lab.settings().smtpPort())),
        lab.settings().smtpPort(),
        true,
        true,
        null,
        null,
        Duration.ofMillis(250),
        SmtpTimeouts.defaults().atMost(Duration.ofSeconds(6)),
        // A trap that turns into something else does so when a conversation is over.
        new ConnectionPoolSettings(0, 0, Duration.ofSeconds(5), 100, Duration.ofMinutes(5)),
        true,
        true,
        true,
        Duration.ofMinutes(30),
        TlsLevel.MAY,
        TlsFloors.DEFAULT,
        List.of(),
        Map.of());
  }

  /** The result of every test case, round by round, until it was delivered or refused. */
  Map<String, List<String>> sendAll() throws InterruptedException {
    Map<String, List<String>> out = new ConcurrentHashMap<>();
    List<String> open = new ArrayList<>();
    token.sightings().forEach(s -> open.add(s.trapCase().label()));
    Duration passed = Duration.ZERO;
    for (int round = 1; round <= ROUNDS.size(); round++) {
      clock.pass(ROUNDS.get(round - 1).minus(passed));
      passed = ROUNDS.get(round - 1);
      Semaphore atOnce = new Semaphore(AT_ONCE);
      int number = round;
      try (Scope scope = new Scope("lab test cases")) {
        for (String label : open) {
          scope.fork(
              () -> {
                atOnce.acquire();
                try {
                  String output = send(label, number);
                  out.computeIfAbsent(label, l -> new ArrayList<>()).add(output);
                } finally {
                  atOnce.release();
                }
                return label;
              });
        }
        scope.join();
      }
      open.removeIf(label -> !out.getOrDefault(label, List.of("")).getLast().startsWith("def"));
    }
    return new TreeMap<>(out);
  }

  private String send(String label, int round) throws InterruptedException {
    Domain domain = Domain.of(label + "." + token.zone());
    byte[] content = "Subject: probe\r\n\r\nprobe\r\n".getBytes(StandardCharsets.US_ASCII);
    Consignment consignment =
        new Consignment(
            new QueueId("0LabRow" + String.format(java.util.Locale.ROOT, "%03d", round)),
            ReversePath.of(new Mailbox("sender", Domain.of("bounce." + token.zone()))),
            MailOptions.plain(),
            new NextHop.ByMx(domain),
            List.of(
                TestRecipients.of(
                    1L,
                    new DeliveryTarget.Remote(new Mailbox("probe", domain)),
                    DsnRequest.none())),
            null,
            clock.now(),
            round,
            content.length,
            () -> new ByteArrayInputStream(content),
            DeliverySlot.unlimited());
    Outcome outcome = deliveryAgent.deliver(consignment).get(1L);
    return FakeInternet.reason(outcome);
  }

  @Override
  public void close() throws IOException {
    deliveryAgent.close();
    try (ledger;
        policies) {
      log.log().note("lab", "closing");
    }
  }
}

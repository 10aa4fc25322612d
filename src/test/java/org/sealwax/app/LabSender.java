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
import org.sealwax.lab.site.Ticket;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.live.LiveResolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.net.SteppedClock;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.policy.Floors;
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.smtp.session.SmtpTimes;
import org.sealwax.mail.sts.Patience;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientTls;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsRoom;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.router.deliver.Courier;
import org.sealwax.router.deliver.DeliverSettings;
import org.sealwax.router.deliver.Dialers;
import org.sealwax.router.deliver.FakeNet;
import org.sealwax.router.deliver.HostMemories;
import org.sealwax.router.deliver.PoolSettings;
import org.sealwax.router.deliver.Sources;
import org.sealwax.router.evidence.DaneSource;
import org.sealwax.router.evidence.HostAddresses;
import org.sealwax.router.evidence.LedgerSource;
import org.sealwax.router.evidence.StsSource;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.LiveLedger;
import org.sealwax.router.log.HeardLog;
import org.sealwax.router.queue.Addressee;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DsnWish;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Target;
import org.sealwax.router.receipts.Receipts;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.sts.StsPolicies;
import org.sealwax.router.sts.StsSettings;

/**
 * Our own sender in the lab: the courier with everything that the running router gives it (a
 * validating resolver, DANE, MTA-STS by HTTPS, the ledger), default settings, and waits that pass
 * at once because the clock is ours.
 */
final class LabSender implements AutoCloseable {
  /** When rounds take place, as the retry schedule has it, more or less, after the first. */
  static final List<Duration> ROUNDS =
      List.of(
          Duration.ZERO,
          Duration.ofMinutes(6),
          Duration.ofMinutes(36),
          Duration.ofMinutes(50),
          Duration.ofHours(5));

  private static final int AT_ONCE = 24;

  final HeardLog heard = new HeardLog();
  private final SteppedClock clock = new SteppedClock(Instant.now());
  private final Lab lab;
  private final Ticket ticket;
  private final LiveLedger ledger;
  private final StsPolicies policies;
  private final Courier courier;

  /**
   * @param fetch how long a fetch of a policy may take
   */
  LabSender(Lab lab, Ticket ticket, Path folder, Duration fetch, TlsEngine engine)
      throws IOException {
    this.lab = lab;
    this.ticket = ticket;
    Chance chance = Chance.secure();
    LiveResolver resolver =
        new LiveResolver(
            DnsSettings.defaults()
                .withResolvers(List.of(lab.resolver()))
                .withAnchors(lab.anchors())
                .withTimes(Duration.ofMillis(400), Duration.ofSeconds(2)),
            clock,
            chance);
    TrustRoots roots = RootStore.fromPem(Files.writeString(folder.resolve("ca"), lab.rootPem()));
    TlsRoom room = new TlsRoom(new TlsSettings(engine), clock, chance);
    IdentityStore own =
        IdentityStore.open(
            IdentitySettings.defaults(folder.resolve("id"), Domain.of("mx.sender.example")),
            Clock.system(),
            chance);
    TlsClient tls = room.client(ClientTls.defaults(), own);
    Dialer dialer =
        SystemDialer.guarded(
            new DialerSettings(
                List.of(Cidr.parse("127.0.0.0/8").orElseThrow(), Cidr.parse("::1").orElseThrow())));
    this.ledger =
        LiveLedger.open(
            folder.resolve("ledger.db"),
            LedgerSettings.defaults(),
            new LiveLedger.World(clock, heard.log(), (domain, host) -> false));
    this.policies =
        StsPolicies.open(
            new StsSettings(
                folder.resolve("sts.db"),
                1_000,
                64,
                fetch,
                lab.settings().httpsPort(),
                Patience.usual()),
            new StsPolicies.World(
                resolver,
                new PolicyFetcher(
                    new HttpsClient(resolver, dialer, tls, roots, clock),
                    lab.settings().httpsPort(),
                    fetch),
                clock,
                chance,
                heard.log(),
                (domain, lost) -> ledger.keep(domain, lost.kept().policy().mx())));
    this.courier =
        new Courier(
            settings(),
            new Courier.World(
                resolver,
                new Dialers(dialer, SystemDialer.trusted()),
                tls,
                Map.of("public", roots),
                clock,
                chance,
                heard.log(),
                new HostMemories(ledger),
                new Sources(
                    List.of(
                        new DaneSource(resolver, new HostAddresses.Families(true, true), clock),
                        new StsSource(policies),
                        new LedgerSource(ledger)),
                    domain -> java.util.Optional.of(policies.recheck(domain)),
                    ledger,
                    Receipts.none(),
                    (domain, results) -> {},
                    resolver::forget)),
            consignment -> {
              throw new IllegalStateException("no pipes here");
            });
  }

  private DeliverSettings settings() {
    return new DeliverSettings(
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
        SmtpTimes.defaults().atMost(Duration.ofSeconds(2)),
        // A trap that turns into something else does so when a conversation is over.
        new PoolSettings(0, 0, Duration.ofSeconds(5), 100, Duration.ofMinutes(5)),
        true,
        true,
        true,
        Duration.ofMinutes(30),
        Level.MAY,
        Floors.DEFAULT,
        List.of(),
        Map.of());
  }

  /** What became of every row, round by round, until it was delivered or refused. */
  Map<String, List<String>> sendAll() throws InterruptedException {
    Map<String, List<String>> out = new ConcurrentHashMap<>();
    List<String> open = new ArrayList<>();
    ticket.sightings().forEach(s -> open.add(s.row().label()));
    Duration passed = Duration.ZERO;
    for (int round = 1; round <= ROUNDS.size(); round++) {
      clock.pass(ROUNDS.get(round - 1).minus(passed));
      passed = ROUNDS.get(round - 1);
      Semaphore atOnce = new Semaphore(AT_ONCE);
      int number = round;
      try (Scope scope = new Scope("lab rows")) {
        for (String label : open) {
          scope.fork(
              () -> {
                atOnce.acquire();
                try {
                  String said = send(label, number);
                  out.computeIfAbsent(label, l -> new ArrayList<>()).add(said);
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
    Domain domain = Domain.of(label + "." + ticket.zone());
    byte[] content = "Subject: probe\r\n\r\nprobe\r\n".getBytes(StandardCharsets.US_ASCII);
    Consignment consignment =
        new Consignment(
            new QueueId("0LabRow" + String.format(java.util.Locale.ROOT, "%03d", round)),
            ReversePath.of(new Mailbox("sender", Domain.of("bounce." + ticket.zone()))),
            MailOptions.plain(),
            new NextHop.ByMx(domain),
            List.of(
                new Addressee(1L, new Target.Remote(new Mailbox("probe", domain)), DsnWish.none())),
            null,
            clock.now(),
            round,
            content.length,
            () -> new ByteArrayInputStream(content));
    Outcome outcome = courier.deliver(consignment).get(1L);
    return FakeNet.reason(outcome);
  }

  @Override
  public void close() throws IOException {
    courier.close();
    try (ledger;
        policies) {
      heard.log().note("lab", "closing");
    }
  }
}

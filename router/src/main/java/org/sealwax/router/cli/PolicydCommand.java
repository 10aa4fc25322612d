package org.sealwax.router.cli;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.cli.TemporaryFolder;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FolderLock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.router.evidence.EvidenceGatherer.LedgerSource;
import org.sealwax.router.evidence.EvidenceGatherer.PolicyRows;
import org.sealwax.router.evidence.EvidenceGatherer.StsSource;
import org.sealwax.router.evidence.EvidenceSource;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.log.TextMailLog;
import org.sealwax.router.metrics.MetricsServer;
import org.sealwax.router.policyd.LogFollower;
import org.sealwax.router.policyd.SocketmapEndpoint;
import org.sealwax.router.policyd.SocketmapServer;
import org.sealwax.router.policyd.TlsPolicyTable;
import org.sealwax.router.sts.StsPolicyCache;
import org.sealwax.router.sts.StsSettings;
import org.sealwax.router.wiring.CertificateAuthorities;
import org.sealwax.router.wiring.DatabaseCopy;
import org.sealwax.router.wiring.LedgerMetrics;

/** {@code sealwax policyd}: from configuration to a running table, and down again. */
public final class PolicydCommand {
  /** A fetch ends before Postfix's own patience with a table does. */
  private static final Duration FETCH = Duration.ofSeconds(45);

  private static final String FOLDER = "policyd";
  private static final String STS = "sts.db";
  private static final String LEDGER = "ledger.db";

  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;
  private final Clock clock = Clock.system();
  private final RandomSource random = RandomSource.secure();

  private PolicydCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code policyd}. */
  public static Command command(ProcessEnvironment process) {
    return Command.of(
        """
        sealwax policyd
        serve TLS policy to Postfix

        Serves smtp_tls_policy_maps as a socketmap: DANE, MTA-STS, the policy entries of the
        configuration and the ledger, in the syntax of Postfix. The table is tls, or tlsrpt with
        the attributes for the TLS reports of Postfix 3.10. A requirement that is not known yet
        is answered with TEMP, and Postfix defers the mail. SIGHUP reads the configuration
        again. Uses dns, deliver and policy of the configuration; keeps what it learns in the
        folder policyd of the state folder.

        --listen PLACE      address and port, or unix: and a path (127.0.0.1:8461)
        --metrics PLACE     address and port of metrics by HTTP: 127.0.0.1:9126
        --learn-from FILE   learn from Postfix's log which domains always have TLS
        --ask KEY           print the answer for a next hop, and the reasons on standard error

        $ sealwax policyd --listen unix:/run/sealwax/policyd --learn-from /var/log/mail.log
        $ sealwax policyd --ask example.org
        """,
        arguments -> new PolicydCommand(process).run(arguments));
  }

  private int run(Arguments arguments) throws IOException, InterruptedException {
    SocketmapEndpoint endpoint =
        arguments
            .read(
                "--listen", SocketmapEndpoint::parse, "an address and a port, or unix: and a path")
            .orElse(SocketmapEndpoint.STANDARD);
    Optional<SocketmapEndpoint.Tcp> metrics =
        arguments.read(
            "--metrics",
            text ->
                SocketmapEndpoint.parse(text)
                    .filter(SocketmapEndpoint.Tcp.class::isInstance)
                    .map(SocketmapEndpoint.Tcp.class::cast),
            "an address and a port: 127.0.0.1:9126");
    Configuration.ValidConfiguration valid = configuration.valid(arguments);
    TlsFactory.prepareJvm();
    Optional<String> key = arguments.value("--ask");
    if (key.isPresent()) {
      return ask(valid.settings(), key.get());
    }
    Path folder = folder(valid.settings());
    try (FolderLock _ =
            StateFolder.lock(folder)
                .orElseThrow(
                    () ->
                        new CommandFailed(ExitStatus.TRY_AGAIN, StateFolder.inUse(folder))
                            .withHelp(StateFolder.inUseHelp()));
        Service service = new Service(process, arguments, valid);
        PolicydEngine engine = new PolicydEngine(valid.settings(), folder, service.log())) {
      MailLog log = service.log();
      Counters counters = service.counters();
      engine.policies().start();
      service.catchSignals((next, _) -> new ReloadReport(engine.use(next), List.of()));
      SocketmapServer server =
          engine.own(SocketmapServer.start(endpoint, engine::policyTable, log, counters));
      log.note("policyd", "serves socketmap:" + server.boundAddress() + ":tls");
      if (metrics.isPresent()) {
        LedgerMetrics.show(counters, engine::ledger);
        counters.gauge(
            "sealwax_sts_domains",
            "Domains with a cached MTA-STS state",
            engine.policies()::domains);
        TcpListener figures =
            engine.own(
                MetricsServer.start(
                    metrics.get().address(),
                    counters,
                    () -> null,
                    text -> log.warning("policyd", "metrics: " + text)));
        log.note("policyd", "metrics at http://" + AddressText.of(figures.address()) + "/metrics");
      }
      Optional<Path> learnFrom = arguments.value("--learn-from").map(process::path);
      if (learnFrom.isPresent()) {
        engine.own(
            LogFollower.start(
                learnFrom.get(), engine.ledger(), engine.resolver(), clock, random, log));
      }
      service.awaitEnd("serving " + server.boundAddress(), engine::policyTable);
      log.note("policyd", "stopped");
      return ExitStatus.OK;
    }
  }

  /**
   * One look-up: prints the reply on standard output and nothing else. It works on a copy of the
   * service's stores, so it neither creates nor changes anything.
   */
  private int ask(RouterSettings settings, String key) throws IOException, InterruptedException {
    Path kept = settings.server().state().resolve(FOLDER);
    try (TemporaryFolder copy = TemporaryFolder.create(process, "sealwax-policyd");
        TextMailLog silent =
            new TextMailLog(LogSettings.defaults(), OutputStream.nullOutputStream(), clock)) {
      for (String store : List.of(STS, LEDGER)) {
        DatabaseCopy.copy(kept.resolve(store), copy.path().resolve(store));
      }
      try (PolicydEngine engine = new PolicydEngine(settings, copy.path(), silent)) {
        TlsPolicyTable.Explained explained = engine.policyTable().explain(key);
        process.out().println(explained.line());
        explained.because().forEach(b -> process.err().println("because: " + b));
        explained.notes().forEach(n -> process.err().println("note: " + n));
        return explained.line().startsWith("TEMP") ? ExitStatus.TRY_AGAIN : ExitStatus.OK;
      }
    }
  }

  /** Where the service keeps policies and ledger; made when it is not there. */
  private static Path folder(RouterSettings settings) throws IOException {
    Path state = settings.server().state();
    StateFolder.create(state);
    Path folder = state.resolve(FOLDER);
    if (!Files.isDirectory(folder)) {
      Files.createDirectory(folder);
    }
    return folder;
  }

  /** The policy table with all its sources. */
  private final class PolicydEngine implements Closeable {
    private final Resolver resolver;
    private final StsPolicyCache policies;
    private final PersistentLedger ledger;
    private final RouterSettings first;
    private final AtomicReference<TlsPolicyTable> policyTable;
    private final Deque<Closeable> owned = new ArrayDeque<>();

    /**
     * Opens everything.
     *
     * @param folder of the stores
     */
    PolicydEngine(RouterSettings settings, Path folder, MailLog log) throws IOException {
      Clock clock = SteadyClock.startingWith(PolicydCommand.this.clock).believed();
      resolver = new CachingResolver(settings.dns(), clock, random);
      TlsFactory tls = new TlsFactory(TlsSettings.defaults(), clock, random);
      CertificateAuthorities authorities = new CertificateAuthorities(settings);
      StsSettings base = StsSettings.in(folder.resolve(STS));
      StsSettings sts =
          SettingsRecord.with(
              base,
              Map.of(
                  "total",
                  FETCH,
                  "patience",
                  settings.sts().map(StsSettings::patience).orElseGet(FirstContactWait::defaults)));
      HttpsClient https =
          new HttpsClient(
              resolver,
              SystemDialer.guarded(settings.dialer()),
              tls.client(ClientTlsSettings.defaults()),
              Objects.requireNonNull(
                  authorities.forDelivery().get(IdentityRequirement.PUBLIC_ROOTS)),
              clock);
      AtomicReference<PersistentLedger> ledgerReference = new AtomicReference<>();
      policies =
          new StsPolicyCache(
              sts,
              resolver,
              new PolicyFetcher(https, sts.port(), sts.total()),
              clock,
              random,
              log,
              (domain, lost) -> {
                PersistentLedger there = ledgerReference.get();
                if (there != null) {
                  there.keep(domain, lost.fetched().policy().mx());
                }
              });
      ledger =
          PersistentLedger.open(
              folder.resolve(LEDGER), settings.ledger(), clock, log, policies::enforces);
      ledgerReference.set(ledger);
      first = settings;
      policyTable = new AtomicReference<>(policyTableFor(settings));
    }

    /** The policy table for a configuration; stores, caches and memory are the same. */
    private TlsPolicyTable policyTableFor(RouterSettings settings) {
      DeliverySettings deliver = settings.deliver();
      List<EvidenceSource> sources = new ArrayList<>();
      sources.add(new PolicyRows(deliver.level(), deliver.rows()));
      sources.add(
          new DaneSource(
              resolver, new HostAddresses.Families(deliver.ipv4(), deliver.ipv6()), clock));
      if (settings.sts().isPresent()) {
        sources.add(new StsSource(policies));
      }
      sources.add(new LedgerSource(ledger));
      return new TlsPolicyTable(
          resolver,
          new EvidenceGatherer(sources),
          new Policy(FallbackLadder.of(true, true, deliver.hold()), deliver.floors()),
          policies,
          ledger,
          settings.caFiles(),
          clock,
          random);
    }

    /**
     * Puts another configuration in force, as far as it can change while we run.
     *
     * @return the tables that take a restart
     */
    Set<String> use(RouterSettings next) {
      ledger.use(next.ledger());
      policyTable.set(policyTableFor(next));
      Set<String> later = new TreeSet<>(next.needingRestart(first));
      // Settings of the router alone do not concern this program.
      later.removeIf(key -> !key.matches("\\[server\\] state|\\[(dns|log)\\] .*"));
      boolean other =
          !next.roots().equals(first.roots())
              || !next.dialer().equals(first.dialer())
              || !next.sts()
                  .map(StsSettings::patience)
                  .equals(first.sts().map(StsSettings::patience));
      if (other) {
        later.add("[roots], [deliver] allow_targets and [sts] for the fetching of policies");
      }
      return later;
    }

    TlsPolicyTable policyTable() {
      return Objects.requireNonNull(policyTable.get());
    }

    Resolver resolver() {
      return resolver;
    }

    StsPolicyCache policies() {
      return policies;
    }

    PersistentLedger ledger() {
      return ledger;
    }

    /** Closes it with the engine, and before. */
    <T extends Closeable> T own(T user) {
      owned.push(user);
      return user;
    }

    @Override
    public void close() throws IOException {
      try {
        for (Closeable each : owned) {
          each.close();
        }
        policies.close();
      } finally {
        ledger.close();
      }
    }
  }
}

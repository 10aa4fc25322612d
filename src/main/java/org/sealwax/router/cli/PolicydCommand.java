package org.sealwax.router.cli;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Exit;
import org.sealwax.mail.cli.Folders;
import org.sealwax.mail.cli.ProcessEnd;
import org.sealwax.mail.cli.ServiceManager;
import org.sealwax.mail.cli.Signals;
import org.sealwax.mail.cli.StandardOutput;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.mail.cli.TemporaryFolder;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.LiveResolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.policy.Demand;
import org.sealwax.mail.policy.Ladder;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.sts.Patience;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientTls;
import org.sealwax.mail.tls.TlsRoom;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.Settings;
import org.sealwax.router.deliver.DeliverSettings;
import org.sealwax.router.evidence.DaneSource;
import org.sealwax.router.evidence.Gatherer;
import org.sealwax.router.evidence.HostAddresses;
import org.sealwax.router.evidence.LedgerSource;
import org.sealwax.router.evidence.PolicyRows;
import org.sealwax.router.evidence.Source;
import org.sealwax.router.evidence.StsSource;
import org.sealwax.router.ledger.LiveLedger;
import org.sealwax.router.log.CountedLog;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.LibraryLog;
import org.sealwax.router.log.LineLog;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.metrics.MetricsServer;
import org.sealwax.router.policyd.Endpoint;
import org.sealwax.router.policyd.LogFollower;
import org.sealwax.router.policyd.PolicyDesk;
import org.sealwax.router.policyd.SocketmapServer;
import org.sealwax.router.sts.StsPolicies;
import org.sealwax.router.sts.StsSettings;
import org.sealwax.router.wiring.Authorities;
import org.sealwax.router.wiring.LastLogLine;
import org.sealwax.router.wiring.LedgerFigures;
import org.sealwax.router.wiring.StoreCopy;

/** {@code sealwax policyd}: from configuration to a running table, and down again. */
public final class PolicydCommand {
  /** A fetch ends before Postfix's own patience with a table does. */
  private static final Duration FETCH = Duration.ofSeconds(45);

  private static final String FOLDER = "policyd";
  private static final String STS = "sts.db";
  private static final String LEDGER = "ledger.db";

  private final Surroundings around;
  private final Folders folders;
  private final Clock clock = Clock.system();
  private final Chance chance = Chance.secure();

  public PolicydCommand(Surroundings around, Folders folders) {
    this.around = around;
    this.folders = folders;
  }

  public int run(Optional<Path> file, Configuration.Sound sound, Arguments arguments)
      throws Arguments.Misuse {
    String place = arguments.value("--listen").orElse("");
    Endpoint endpoint =
        place.isEmpty()
            ? Endpoint.STANDARD
            : Endpoint.parse(place)
                .orElseThrow(
                    () ->
                        new Arguments.Misuse(
                            "--listen is an address and a port, or unix: and a path"));
    Optional<Endpoint.Tcp> metrics = metricsPlace(arguments);
    TlsRoom.beforeAnything();
    Settings settings = sound.settings();
    boolean journal = around.variable("JOURNAL_STREAM").isPresent();
    LogSettings logSettings = new LogSettings(settings.log(), journal);
    Counters counters = new Counters();
    Optional<String> key = arguments.value("--ask");
    if (key.isPresent()) {
      return ask(settings, key.get());
    }
    try (LineLog lines = new LineLog(logSettings, StandardOutput.forLog(around.out()), clock)) {
      counters.gauge("sealwax_log_lost_lines", "Log lines that nobody read", lines::dropped);
      MailLog log = new CountedLog(lines, counters);
      try (Engine engine = new Engine(settings, folder(settings), log)) {
        LibraryLog.lead(log);
        sound.complaints().forEach(c -> log.warning("config", c.text()));
        ProcessEnd.whenThreadsEnd(LastLogLine.in(log, lines::close), around.err());
        Serving serving =
            new Serving(
                endpoint,
                metrics,
                arguments.value("--learn-from").map(around::path),
                file,
                counters,
                log);
        return serve(engine, serving);
      }
    } catch (IOException e) {
      around.err().println("sealwax: policyd: " + e.getMessage());
      return Exit.SYSTEM;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Exit.OK;
    }
  }

  private static Optional<Endpoint.Tcp> metricsPlace(Arguments arguments) throws Arguments.Misuse {
    Optional<String> place = arguments.value("--metrics");
    if (place.isEmpty()) {
      return Optional.empty();
    }
    if (Endpoint.parse(place.get()).orElse(null) instanceof Endpoint.Tcp tcp) {
      return Optional.of(tcp);
    }
    throw new Arguments.Misuse("--metrics is an address and a port: 127.0.0.1:9126");
  }

  /**
   * How it serves.
   *
   * @param metrics where figures are shown, if anywhere
   * @param learnFrom Postfix's log
   * @param file the configuration, which SIGHUP reads again
   */
  private record Serving(
      Endpoint endpoint,
      Optional<Endpoint.Tcp> metrics,
      Optional<Path> learnFrom,
      Optional<Path> file,
      Counters counters,
      MailLog log) {}

  /**
   * One question: the answer on standard output and nothing else there. It works on a copy of what
   * the service has kept, so it neither makes nor changes anything.
   */
  private int ask(Settings settings, String key) {
    Path kept = settings.server().state().resolve(FOLDER);
    try (TemporaryFolder copy = TemporaryFolder.make(around, "sealwax-policyd");
        LineLog silent =
            new LineLog(LogSettings.defaults(), OutputStream.nullOutputStream(), clock)) {
      for (String store : List.of(STS, LEDGER)) {
        StoreCopy.take(kept.resolve(store), copy.path().resolve(store));
      }
      try (Engine engine = new Engine(settings, copy.path(), silent)) {
        PolicyDesk.Explained explained = engine.desk().explain(key);
        around.out().println(explained.line());
        explained.because().forEach(b -> around.err().println("because: " + b));
        explained.notes().forEach(n -> around.err().println("note: " + n));
        return explained.line().startsWith("TEMP") ? Exit.TRY_AGAIN : Exit.OK;
      }
    } catch (IOException e) {
      around.err().println("sealwax: policyd: " + e.getMessage());
      return Exit.SYSTEM;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Exit.OK;
    }
  }

  /** Where the service keeps policies and ledger; made when it is not there. */
  private static Path folder(Settings settings) throws IOException {
    Path state = settings.server().state();
    StateFolder.make(state);
    Path folder = state.resolve(FOLDER);
    if (!Files.isDirectory(folder)) {
      Files.createDirectory(folder);
    }
    return folder;
  }

  private int serve(Engine engine, Serving serving) throws IOException, InterruptedException {
    MailLog log = serving.log();
    CountDownLatch ended = new CountDownLatch(1);
    boolean term = Signals.on("TERM", ended::countDown);
    if (!Signals.on("INT", ended::countDown) || !term) {
      Runtime.getRuntime().addShutdownHook(Threads.unstarted("stop", ended::countDown));
    }
    ServiceManager manager = new ServiceManager(around);
    Signals.on(
        "HUP",
        () -> {
          manager.reloading(clock.nanoTime());
          reload(engine, serving);
          manager.ready("reloaded");
        });
    Deque<Closeable> open = new ArrayDeque<>();
    try {
      engine.policies().start();
      SocketmapServer server =
          SocketmapServer.start(serving.endpoint(), engine::desk, log, serving.counters());
      open.push(server);
      log.note("policyd", "serves socketmap:" + server.place() + ":tls");
      if (serving.metrics().isPresent()) {
        LedgerFigures.show(serving.counters(), engine::ledger);
        serving
            .counters()
            .gauge(
                "sealwax_sts_domains",
                "Domains whose MTA-STS state is kept",
                engine.policies()::domains);
        MetricsServer figures =
            new MetricsServer(
                serving.metrics().get().address(),
                serving.counters(),
                () -> null,
                text -> log.warning("policyd", "metrics: " + text));
        open.push(figures);
        log.note("policyd", "figures at http://" + place(figures.address()) + "/metrics");
      }
      serving
          .learnFrom()
          .ifPresent(
              file ->
                  open.push(
                      LogFollower.start(
                          file,
                          new LogFollower.World(
                              engine.ledger(), engine.resolver(), clock, chance, log))));
      manager.ready("serving " + server.place());
      manager.awaitEnd(ended, engine::desk);
      manager.stopping();
      log.note("policyd", "stopped");
      return Exit.OK;
    } finally {
      for (Closeable each : open) {
        each.close();
      }
    }
  }

  private static String place(InetSocketAddress at) {
    String host = at.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + at.getPort();
  }

  /** Parse, compare, swap; what is wrong changes nothing. */
  private void reload(Engine engine, Serving serving) {
    MailLog log = serving.log();
    try {
      switch (Configuration.read(serving.file().orElse(null), folders.machine())) {
        case Configuration.Broken b ->
            log.warning("config", "refused, the former configuration stays: " + b.firstError());
        case Configuration.Sound s -> {
          Set<String> later = engine.use(s.settings());
          s.complaints().forEach(c -> log.warning("config", c.text()));
          log.configuration(
              "the configuration was read again"
                  + (later.isEmpty() ? "" : "; after a restart only: " + String.join(", ", later)));
        }
      }
    } catch (IOException e) {
      log.warning("config", "refused, the former configuration stays: " + e.getMessage());
    }
  }

  /** The rule book with everything that it asks. */
  private final class Engine implements Closeable {
    private final Resolver resolver;
    private final StsPolicies policies;
    private final LiveLedger ledger;
    private final Settings first;
    private final AtomicReference<PolicyDesk> desk;

    /**
     * Opens everything.
     *
     * @param folder of the stores
     */
    Engine(Settings settings, Path folder, MailLog log) throws IOException {
      Clock clock = SteadyClock.startingWith(PolicydCommand.this.clock).believed();
      resolver = new LiveResolver(settings.dns(), clock, chance);
      TlsRoom tls = new TlsRoom(TlsSettings.defaults(), clock, chance);
      Authorities authorities = new Authorities(settings);
      StsSettings base = StsSettings.in(folder.resolve(STS));
      StsSettings sts =
          new StsSettings(
              base.file(),
              base.domains(),
              base.fetches(),
              FETCH,
              base.port(),
              settings.sts().map(StsSettings::patience).orElseGet(Patience::usual));
      HttpsClient https =
          new HttpsClient(
              resolver,
              SystemDialer.guarded(settings.dialer()),
              tls.client(ClientTls.defaults()),
              Objects.requireNonNull(authorities.forDelivery().get(Demand.PUBLIC_ROOTS)),
              clock);
      AtomicReference<LiveLedger> late = new AtomicReference<>();
      policies =
          StsPolicies.open(
              sts,
              new StsPolicies.World(
                  resolver,
                  new PolicyFetcher(https, sts.port(), sts.total()),
                  clock,
                  chance,
                  log,
                  (domain, lost) -> {
                    LiveLedger there = late.get();
                    if (there != null) {
                      there.keep(domain, lost.kept().policy().mx());
                    }
                  }));
      ledger =
          LiveLedger.open(
              folder.resolve(LEDGER),
              settings.ledger(),
              new LiveLedger.World(
                  clock,
                  log,
                  (domain, host) ->
                      policies
                          .inForce(domain)
                          .filter(k -> k.policy().mode() == StsPolicy.Mode.ENFORCE)
                          .filter(k -> k.policy().lists(host))
                          .isPresent()));
      late.set(ledger);
      first = settings;
      desk = new AtomicReference<>(deskBy(settings));
    }

    /** What is asked under a configuration; stores, caches and memory are the same. */
    private PolicyDesk deskBy(Settings settings) {
      DeliverSettings deliver = settings.deliver();
      List<Source> sources = new ArrayList<>();
      sources.add(new PolicyRows(deliver.level(), deliver.rows()));
      sources.add(
          new DaneSource(
              resolver, new HostAddresses.Families(deliver.ipv4(), deliver.ipv6()), clock));
      if (settings.sts().isPresent()) {
        sources.add(new StsSource(policies));
      }
      sources.add(new LedgerSource(ledger));
      return new PolicyDesk(
          new PolicyDesk.World(
              resolver,
              new Gatherer(sources),
              new Policy(Ladder.of(true, true, deliver.hold()), deliver.floors()),
              policies,
              ledger,
              settings.caFiles(),
              clock,
              chance));
    }

    /**
     * Puts another configuration in force, as far as it can change while we run.
     *
     * @return the tables that take a restart
     */
    Set<String> use(Settings next) {
      ledger.use(next.ledger());
      desk.set(deskBy(next));
      Set<String> later = new TreeSet<>(next.needingRestart(first));
      // What the router alone has is nothing to this program.
      later.retainAll(Set.of("[server] state", "[dns]", "[log]"));
      boolean other =
          next.publicRoots() != first.publicRoots()
              || !next.rootFiles().equals(first.rootFiles())
              || !next.dialer().equals(first.dialer())
              || !next.sts()
                  .map(StsSettings::patience)
                  .equals(first.sts().map(StsSettings::patience));
      if (other) {
        later.add("[roots], [deliver] allow_targets and [sts] for the fetching of policies");
      }
      return later;
    }

    PolicyDesk desk() {
      return Objects.requireNonNull(desk.get());
    }

    Resolver resolver() {
      return resolver;
    }

    StsPolicies policies() {
      return policies;
    }

    LiveLedger ledger() {
      return ledger;
    }

    @Override
    public void close() throws IOException {
      try {
        policies.close();
      } finally {
        ledger.close();
      }
    }
  }
}

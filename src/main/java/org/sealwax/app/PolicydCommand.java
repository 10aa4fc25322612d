package org.sealwax.app;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.sealwax.config.Configuration;
import org.sealwax.config.Settings;
import org.sealwax.deliver.DeliverSettings;
import org.sealwax.dns.Resolver;
import org.sealwax.dns.live.LiveResolver;
import org.sealwax.evidence.DaneSource;
import org.sealwax.evidence.Gatherer;
import org.sealwax.evidence.HostAddresses;
import org.sealwax.evidence.LedgerSource;
import org.sealwax.evidence.PolicyRows;
import org.sealwax.evidence.Source;
import org.sealwax.evidence.StsSource;
import org.sealwax.https.HttpsClient;
import org.sealwax.ledger.Ledger;
import org.sealwax.ledger.LiveLedger;
import org.sealwax.log.LibraryLog;
import org.sealwax.log.LineLog;
import org.sealwax.log.LogSettings;
import org.sealwax.log.MailLog;
import org.sealwax.policy.Demand;
import org.sealwax.policy.Ladder;
import org.sealwax.policy.Policy;
import org.sealwax.policyd.Endpoint;
import org.sealwax.policyd.LogFollower;
import org.sealwax.policyd.PolicyDesk;
import org.sealwax.policyd.SocketmapServer;
import org.sealwax.sts.Patience;
import org.sealwax.sts.StsPolicy;
import org.sealwax.sts.store.PolicyFetcher;
import org.sealwax.sts.store.StsPolicies;
import org.sealwax.sts.store.StsSettings;
import org.sealwax.tls.ClientTls;
import org.sealwax.tls.TlsRoom;
import org.sealwax.tls.TlsSettings;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.SystemDialer;
import org.sealwax.world.Threads;

/** {@code sealwax policyd}: from configuration to a running table, and down again. */
final class PolicydCommand {
  /** A fetch ends before Postfix's own patience with a table does. */
  private static final Duration FETCH = Duration.ofSeconds(45);

  private final Surroundings around;
  private final Clock clock = Clock.system();
  private final Chance chance = Chance.secure();

  PolicydCommand(Surroundings around) {
    this.around = around;
  }

  int run(Configuration.Sound sound, Arguments arguments) throws Arguments.Misuse {
    String place = arguments.value("--listen").orElse("");
    Endpoint endpoint =
        place.isEmpty()
            ? Endpoint.STANDARD
            : Endpoint.parse(place)
                .orElseThrow(
                    () ->
                        new Arguments.Misuse(
                            "--listen is an address and a port, or unix: and a path"));
    TlsRoom.beforeAnything();
    Settings settings = sound.settings();
    boolean journal = around.variable("JOURNAL_STREAM").isPresent();
    LogSettings logSettings = new LogSettings(settings.log(), journal);
    try (LineLog log = new LineLog(logSettings, around.out(), clock);
        Engine engine = new Engine(settings, arguments.has("--ask"), log)) {
      LibraryLog.lead(log);
      sound.complaints().forEach(c -> log.warning("config", c.text()));
      Optional<String> key = arguments.value("--ask");
      return key.isPresent()
          ? ask(engine, key.get())
          : serve(engine, endpoint, arguments.value("--learn-from").map(around::path), log);
    } catch (IOException e) {
      around.err().println("sealwax: policyd: " + e.getMessage());
      return Exit.SYSTEM;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Exit.OK;
    }
  }

  private int ask(Engine engine, String key) throws InterruptedException {
    PolicyDesk.Explained explained = engine.desk().explain(key);
    around.out().println(explained.line());
    explained.because().forEach(b -> around.out().println("because: " + b));
    explained.notes().forEach(n -> around.out().println("note: " + n));
    return explained.line().startsWith("TEMP") ? Exit.TRY_AGAIN : Exit.OK;
  }

  private int serve(Engine engine, Endpoint endpoint, Optional<Path> learnFrom, MailLog log)
      throws IOException, InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    boolean term = Signals.on("TERM", ended::countDown);
    if (!Signals.on("INT", ended::countDown) || !term) {
      Runtime.getRuntime().addShutdownHook(Threads.unstarted("stop", ended::countDown));
    }
    ServiceManager manager = new ServiceManager(around);
    Deque<Closeable> open = new ArrayDeque<>();
    try {
      engine.policies().start();
      SocketmapServer server = SocketmapServer.start(endpoint, engine.desk(), log);
      open.push(server);
      learnFrom.ifPresent(
          file ->
              open.push(
                  LogFollower.start(
                      file,
                      new LogFollower.World(
                          engine.ledger(), engine.resolver(), clock, chance, log))));
      log.note("policyd", "serves socketmap:" + server.place() + ":tls");
      manager.ready("serving " + server.place());
      Optional<Duration> beat = manager.beat();
      if (beat.isEmpty()) {
        ended.await();
      } else {
        while (!ended.await(beat.get().toMillis(), TimeUnit.MILLISECONDS)) {
          manager.alive();
        }
      }
      manager.stopping();
      log.note("policyd", "stopped");
      return Exit.OK;
    } finally {
      for (Closeable each : open) {
        each.close();
      }
    }
  }

  /** The rule book with everything that it asks. */
  private final class Engine implements Closeable {
    private final Resolver resolver;
    private final StsPolicies policies;
    private final LiveLedger ledger;
    private final PolicyDesk desk;

    /**
     * Opens everything.
     *
     * @param asks whether this is only a question, which must not write into the ledger of a
     *     running service
     */
    Engine(Settings settings, boolean asks, MailLog log) throws IOException {
      Path state = settings.server().state();
      StateFolder.make(state);
      Path folder = state.resolve("policyd");
      if (!Files.isDirectory(folder)) {
        Files.createDirectory(folder);
      }
      resolver = new LiveResolver(settings.dns(), clock, chance);
      TlsRoom tls = new TlsRoom(TlsSettings.defaults(), clock, chance);
      Authorities authorities = new Authorities(settings);
      StsSettings base = StsSettings.in(folder.resolve("sts.db"));
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
              folder.resolve("ledger.db"),
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
      desk =
          new PolicyDesk(
              new PolicyDesk.World(
                  resolver,
                  new Gatherer(sources),
                  new Policy(Ladder.of(true, true, deliver.hold()), deliver.floors()),
                  policies,
                  asks ? Ledger.blank() : ledger,
                  settings.caFiles(),
                  clock,
                  chance));
    }

    PolicyDesk desk() {
      return desk;
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

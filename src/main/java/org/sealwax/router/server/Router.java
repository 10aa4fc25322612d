package org.sealwax.router.server;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.LiveResolver;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Watched;
import org.sealwax.mail.tls.ClientTls;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTls;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsRoom;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ClientCertificates;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.router.config.ListenerRow;
import org.sealwax.router.config.Settings;
import org.sealwax.router.control.ControlServer;
import org.sealwax.router.control.Desk;
import org.sealwax.router.control.Explainer;
import org.sealwax.router.deliver.Courier;
import org.sealwax.router.deliver.Dialers;
import org.sealwax.router.deliver.HostMemories;
import org.sealwax.router.deliver.UnseenHosts;
import org.sealwax.router.evidence.Mirrors;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.metrics.MetricsServer;
import org.sealwax.router.pipe.PipeCourier;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.Delivery;
import org.sealwax.router.queue.HeldMail;
import org.sealwax.router.queue.LookAhead;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.queue.WorkMarks;
import org.sealwax.router.receive.AuthGuard;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.router.receive.ClientNames;
import org.sealwax.router.receive.Listener;
import org.sealwax.router.receive.ListenerSettings;
import org.sealwax.router.receive.Premises;
import org.sealwax.router.receive.ReceiveSettings;
import org.sealwax.router.receive.Reception;
import org.sealwax.router.receive.RelayRules;
import org.sealwax.router.receive.SaslMechanisms;
import org.sealwax.router.receive.SessionLimit;
import org.sealwax.router.receive.TrustedCertificates;
import org.sealwax.router.receive.auth.PasswordFile;
import org.sealwax.router.receive.auth.PasswordMechanisms;
import org.sealwax.router.route.LiveDirectory;
import org.sealwax.router.route.LoopGuard;
import org.sealwax.router.route.PostmasterDesk;
import org.sealwax.router.route.RecipientMemory;
import org.sealwax.router.route.RecipientProbe;
import org.sealwax.router.route.Routes;
import org.sealwax.router.spool.SpoolTrouble;
import org.sealwax.router.spool.SqliteSpool;
import org.sealwax.router.wiring.Archives;
import org.sealwax.router.wiring.Authorities;
import org.sealwax.router.wiring.ClockFile;
import org.sealwax.router.wiring.Inspection;
import org.sealwax.router.wiring.Late;
import org.sealwax.router.wiring.LateResolver;
import org.sealwax.router.wiring.LedgerFigures;
import org.sealwax.router.wiring.MemoryPlan;
import org.sealwax.router.wiring.Reports;
import org.sealwax.router.wiring.ReportsIn;
import org.sealwax.router.wiring.StartTrouble;

/**
 * The running router: the only place that puts machines together. What a reload changes is held in
 * two references (how mail comes in, how it goes out) that are swapped whole; sessions and rounds
 * under way keep the ones they began with.
 */
public final class Router implements Closeable {
  /** How long sessions and rounds may take to end; systemd's default patience is 90 seconds. */
  public static final Duration GRACE = Duration.ofSeconds(30);

  /** Held mail has this part of the file system. */
  private static final int HELD_PART = 10;

  /** Octets of the secret behind decoy salts. */
  private static final int DECOY = 32;

  /** How often the time is left to the next run. */
  private static final Duration KEEP_CLOCK = Duration.ofSeconds(30);

  private final SteadyClock steady;
  private final ClockFile clockFile;

  /** The believed time: certificates, policies and other people's dates are measured by it. */
  private final Clock clock;

  private final Chance chance;
  private final MailLog log;
  private final Counters counters;
  private final TlsRoom tls;
  private final SqliteSpool spool;
  private final Queue queue;
  private final WorkMarks marks;
  private final LookAhead lookAhead;
  private final HeldMail held;
  private final Resolver resolver;
  private final Late<IdentityStore> identities;
  private final Archives archives;
  private final Reports reports;
  private final ReportsIn reportsIn;
  private final Premises premises;

  /** What is known of named peers: outlives configurations. */
  private final Mirrors mirrors;

  private final UnseenHosts unseenHosts;

  private final AtomicReference<Settings> settings;
  private final AtomicReference<Reception> reception = new AtomicReference<>();
  private final AtomicReference<Outbound> outbound = new AtomicReference<>();
  private final Map<ListenerRow, Listener> listeners = new LinkedHashMap<>();

  /** Removed by a reload; their last sessions end. */
  private final Set<Listener> leaving = ConcurrentHashMap.newKeySet();

  /** What mail hosts have shown: outlives configurations. */
  private final Late<HostMemories> memories;

  /** What next hops said about recipients: outlives configurations. */
  private final RecipientMemory recipients;

  /** The authorities of the configuration in force. */
  private volatile Authorities authorities;

  /** Of the configuration in force, for the one after it. */
  private @Nullable LiveDirectory directory;

  private @Nullable PasswordFile passwords;

  private @Nullable Listener local;
  private @Nullable ControlServer control;
  private @Nullable MetricsServer metrics;
  private @Nullable Thread housekeeping;
  private final CountDownLatch ending = new CountDownLatch(1);
  private volatile boolean clockDoubted;
  private volatile long clockWritten;
  private volatile boolean stopping;

  /** How mail goes out under one configuration. */
  private record Outbound(Routes routes, Late<Courier> courier) {}

  /**
   * The world around the router.
   *
   * @param clock time
   * @param chance randomness
   * @param log facts
   * @param counters what is counted
   */
  public record World(Clock clock, Chance chance, MailLog log, Counters counters) {}

  /**
   * Opens the store and reads everything that the configuration names; nothing listens yet.
   *
   * @throws StartTrouble when that is not possible
   */
  public Router(Settings settings, World world) throws StartTrouble {
    this.clockFile = new ClockFile(settings.server().state());
    this.steady = new SteadyClock(world.clock(), clockFile.read());
    this.clock = steady.believed();
    this.chance = world.chance();
    this.log = world.log();
    this.counters = world.counters();
    this.settings = new AtomicReference<>(settings);
    this.authorities = new Authorities(settings);
    this.recipients =
        new RecipientMemory(settings.server().state().resolve("recipients.verified"), clock, log);
    this.tls = new TlsRoom(TlsSettings.defaults(), clock, chance);
    Path state = settings.server().state();
    try {
      StateFolder.make(state);
    } catch (IOException e) {
      throw new StartTrouble(
          "the state folder " + state + " cannot be made: " + e.getMessage(),
          "set [server] state to a folder that this user may write",
          e);
    }
    this.identities = new Late<>(this::openIdentities);
    this.resolver =
        new LateResolver(new Late<>(() -> new LiveResolver(settings.dns(), clock, chance)));
    this.archives =
        new Archives(
            new Archives.World(
                settings,
                resolver,
                new Late<>(() -> tls.client(ClientTls.defaults(), identities.get())),
                clock,
                chance,
                log));
    archives.openBeside();
    try {
      this.spool = openSpool(settings);
    } catch (StartTrouble e) {
      closeQuietly(archives);
      throw e;
    }
    this.mirrors = archives.mirrors(tls.judge());
    this.unseenHosts =
        new UnseenHosts(
            new UnseenHosts.World(
                archives::ledger, () -> outboundNow().courier().get(), clock, chance, log));
    this.memories = new Late<>(() -> new HostMemories(archives.ledger()));
    // Behind the lock of the spool: a second process must not take the marks of the first.
    this.marks = openMarks(state);
    spool.markSteps(marks);
    this.queue =
        new Queue(
            new Queue.Rooms(
                spool,
                target -> outboundNow().routes().nextHopFor(target),
                this::deliver,
                steady,
                chance,
                log),
            settings.queue(),
            marks);
    this.held =
        new HeldMail(
            queue,
            () -> heldBytes(settings.spool().folder()),
            settings.server().state().resolve("held-summary"));
    this.lookAhead =
        new LookAhead(
            spool,
            hop -> outboundNow().courier().get().lookAhead(hop),
            queue::isLeftAlone,
            steady,
            log);
    this.reports =
        new Reports(
            new Reports.World(
                settings,
                archives,
                queue,
                resolver,
                new Late<>(() -> tls.client(ClientTls.defaults(), identities.get())),
                clock,
                chance,
                log));
    this.reportsIn =
        new ReportsIn(
            new ReportsIn.World(settings, this::settingsNow, resolver, this::doorTls, clock, log));
    this.premises =
        new Premises(
            () -> {
              Reception now = reception.get();
              if (now == null) {
                throw new IllegalStateException("not open yet");
              }
              return now;
            },
            queue,
            new ClientLimits(settings.clientLimits(), clock),
            new SessionLimit(settings.sessions(), new ByteBudget(MemoryPlan.forSessions())),
            AuthGuard.defaults(),
            new ClientNames(resolver, settings.dns().concurrent() / ClientNames.SHARE, clock),
            log,
            clock);
    try {
      // The self-signed pair is read with the first handshake, but written before anything listens.
      if (settings.identity().pair() != null
          || !settings.identity().named().isEmpty()
          || IdentityStore.mustMake(settings.identity(), clock.now())) {
        identities.get();
      }
      take(settings);
    } catch (IOException | RuntimeException e) {
      closeQuietly(archives);
      closeQuietly(spool);
      if (e instanceof RuntimeException bug && !(bug.getCause() instanceof IOException)) {
        throw bug;
      }
      Throwable why = e instanceof RuntimeException && e.getCause() != null ? e.getCause() : e;
      throw new StartTrouble(
          String.valueOf(why.getMessage()), "sealwax check says what is in force", why);
    }
  }

  private Outbound outboundNow() {
    Outbound now = outbound.get();
    if (now == null) {
      throw new IllegalStateException("not open yet");
    }
    return now;
  }

  private Map<Long, Outcome> deliver(Consignment consignment) throws InterruptedException {
    Outbound now = outboundNow();
    Reception in = reception.get();
    if (in == null) {
      throw new IllegalStateException("not open yet");
    }
    Delivery desk =
        new PostmasterDesk(
            settingsNow().forward(),
            in.directory(),
            queue,
            reportsIn.before(c -> now.courier().get().deliver(c)));
    return new LoopGuard(desk).deliver(consignment);
  }

  private SqliteSpool openSpool(Settings settings) throws StartTrouble {
    try {
      return SqliteSpool.open(settings.spool(), steady, chance, log);
    } catch (SpoolTrouble e) {
      throw StartTrouble.of(e, settings.spool().folder());
    } catch (IOException e) {
      throw new StartTrouble(
          "the spool in " + settings.spool().folder() + " cannot be opened: " + e.getMessage(),
          "it must be writable for this user, on a local file system",
          e);
    }
  }

  /** A tenth of the file system; all of it when its size is not known. */
  private static long heldBytes(Path folder) {
    try {
      return Files.getFileStore(folder).getTotalSpace() / HELD_PART;
    } catch (IOException e) {
      return Long.MAX_VALUE;
    }
  }

  /** Mail goes on without marks: they only help after an end that nobody wants. */
  private WorkMarks openMarks(Path state) {
    try {
      return WorkMarks.open(state.resolve("under-way"), clock, log);
    } catch (IOException e) {
      log.warning("queue", "messages under way cannot be marked: " + e.getMessage());
      return WorkMarks.none();
    }
  }

  private IdentityStore openIdentities() {
    if (isClosed()) {
      throw new IllegalStateException("the router is closed");
    }
    try {
      IdentityStore store = IdentityStore.open(settingsNow().identity(), clock, chance);
      for (Identity identity : store.identities()) {
        log.identity(identity.name(), "in use until " + identity.expires());
        Inspection.lifetime(identity, clock.now()).ifPresent(w -> log.warning("tls", w));
      }
      return store;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public Settings settingsNow() {
    Settings now = settings.get();
    if (now == null) {
      throw new IllegalStateException();
    }
    return now;
  }

  /** Makes both directions for a configuration and puts them in force together. */
  private void take(Settings next) throws IOException {
    Authorities roots = new Authorities(next);
    roots.check();
    boolean first = outbound.get() == null;
    Late<Courier> courier =
        new Late<>(
            () ->
                new Courier(
                    next.deliver(),
                    new Courier.World(
                        resolver,
                        new Dialers(SystemDialer.guarded(next.dialer()), SystemDialer.trusted()),
                        tls.client(ClientTls.defaults(), identities.get()),
                        roots.forDelivery(),
                        clock,
                        chance,
                        log,
                        memories.get(),
                        archives.sources(next, reports.witness()).with(unseenHosts::hearing)),
                    new PipeCourier(next.pipes(), PipeCourier.runsAsRoot())));
    RecipientProbe probe = (mailbox, hop) -> courier.get().callAhead().probe(mailbox, hop);
    LiveDirectory ours =
        new LiveDirectory(
            next.forward(),
            new LiveDirectory.World(probe, recipients, clock, chance, log),
            directory);
    PasswordFile users = passwords(next);
    Reception in =
        new Reception(
            receiveSettings(next),
            new RelayRules(
                next.trustedNetworks(),
                TrustedCertificates.of(tls.judge(), roots.grants()),
                next.rejects(),
                next.server().postmaster().orElse(null)),
            ReportsIn.before(next, ours),
            mirrors,
            users == null ? null : new PasswordMechanisms(users, chance));
    PipeCourier.warnings(next.pipes(), PipeCourier.runsAsRoot())
        .forEach(w -> log.warning("config", w));
    if (first && next.server().postmaster().isEmpty()) {
      log.note("app", Inspection.NO_POSTMASTER);
    }
    roots.name(mirrors);
    authorities = roots;
    directory = ours;
    passwords = users;
    reception.set(in);
    Outbound former = outbound.getAndSet(new Outbound(new Routes(next.forward()), courier));
    Courier idle = former == null ? null : former.courier().ifMade();
    if (idle != null) {
      idle.close(); // its idle connections; rounds under way end by themselves
    }
    archives.use(next, roots);
    queue.settings(next.queue());
    settings.set(next);
  }

  private static ReceiveSettings receiveSettings(Settings next) {
    return next.receive();
  }

  private @Nullable PasswordFile passwords(Settings next) throws IOException {
    return next.passwordFile().isEmpty()
        ? null
        : new PasswordFile(next.passwordFile().get(), decoySecret(next), clock, log, passwords);
  }

  /** Kept over restarts: users who do not exist must not get a new salt each time. */
  private byte[] decoySecret(Settings next) throws IOException {
    Path file = next.server().state().resolve("decoy.secret");
    if (!Files.exists(file)) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(file, chance.bytes(DECOY), StandardOpenOption.SYNC);
    }
    byte[] secret = Files.readAllBytes(file);
    if (secret.length != DECOY) {
      throw new IOException(file + " is not what was written; remove it");
    }
    return secret;
  }

  /** Listens and begins to deliver. */
  public void start(Desk.Reloading reloading) throws StartTrouble {
    Settings now = settingsNow();
    try {
      archives.open();
      reports.open();
      reportsIn.open();
    } catch (UncheckedIOException e) {
      close();
      throw new StartTrouble(
          String.valueOf(e.getMessage()), "the state folder must be writable for this user", e);
    }
    try {
      for (ListenerRow row : now.listeners()) {
        listeners.put(row, open(row, now));
      }
      Path socket = StateFolder.submissionSocket(now.server().state());
      ControlServer.checkLength(socket);
      local = Listener.start(ListenerSettings.local(socket), premises, null);
      control =
          ControlServer.open(
              now.server().state(),
              new Desk(queue, spool, reloading, archives::ledger, this::explainer, steady),
              log);
      startReportsIn();
      if (now.metrics().isPresent()) {
        metrics = openMetrics(now.metrics().get());
      }
    } catch (IOException | UncheckedIOException e) {
      close();
      if (e instanceof StartTrouble trouble) {
        throw trouble;
      }
      throw new StartTrouble(String.valueOf(e.getMessage()), "see sealwax(1), FILES", e);
    }
    archives.start();
    reports.start();
    mirrors.start();
    unseenHosts.start();
    queue.start();
    lookAhead.start();
    held.start();
    housekeeping = Supervisor.start("housekeeping", this::isClosed, this::keepHouse);
  }

  private void startReportsIn() throws StartTrouble {
    try {
      reportsIn.start(counters);
    } catch (IOException e) {
      throw bindTrouble(reportsIn.wanted().orElseThrow(), e);
    }
  }

  private MetricsServer openMetrics(InetSocketAddress address) throws StartTrouble {
    counters.gauge("sealwax_sessions", "Client sessions now", this::sessions);
    counters.gauge(
        "sealwax_queue_running", "Rounds of delivery now", () -> queue.figures().running());
    counters.gauge(
        "sealwax_queue_ready", "Recipient groups in line", () -> queue.figures().ready());
    counters.gauge(
        "sealwax_queue_dead_sites",
        "Next hops that are left alone for a while",
        () -> queue.figures().deadSites());
    counters.gauge(
        "sealwax_store_trouble", "1 while no mail is taken", () -> spool.trouble() == null ? 0 : 1);
    LedgerFigures.show(counters, archives::ledger);
    try {
      return new MetricsServer(
          address, counters, this::trouble, text -> log.warning("app", "metrics: " + text));
    } catch (IOException e) {
      throw bindTrouble(address, e);
    }
  }

  private Explainer explainer() {
    Outbound now = outboundNow();
    return new Explainer(
        now.courier().get(), now.routes(), archives, settingsNow(), mirrors::account);
  }

  /** Returns when the queue answers: for the watchdog. */
  public void probe() {
    var _ = queue.figures();
  }

  /** Why mail is not taken now, or null when it is. */
  @Nullable String trouble() {
    return stopping ? "stopping" : spool.trouble();
  }

  private Listener open(ListenerRow row, Settings now) throws StartTrouble {
    ListenerSettings.Encryption encryption =
        switch (row.start()) {
          case STARTTLS -> ListenerSettings.Encryption.STARTTLS;
          case IMPLICIT -> ListenerSettings.Encryption.IMPLICIT;
          case NONE -> ListenerSettings.Encryption.NONE;
        };
    ListenerSettings base = ListenerSettings.smtp(row.address());
    ListenerSettings door =
        new ListenerSettings(
            row.name(),
            base.place(),
            encryption,
            row.clientCertificates(),
            row.auth(),
            row.dsn(),
            now.sessions(),
            base.backlog(),
            base.handshake(),
            base.dialogue());
    ListenerTls listenerTls =
        ListenerTls.defaults(row.name())
            .withFloor(row.floor())
            .withClientCertificates(row.clientCertificates())
            .withResumption(row.resumption(), row.resumption());
    TlsServer late = encryption == ListenerSettings.Encryption.NONE ? null : server(listenerTls);
    try {
      return Listener.start(door, premises, late);
    } catch (IOException e) {
      throw bindTrouble(row.address(), e);
    }
  }

  /** For reports by POST: the certificate of the listeners, and nobody is asked for theirs. */
  private TlsServer doorTls() {
    ListenerTls door =
        ListenerTls.defaults("tlsrpt").withClientCertificates(ClientCertificates.NONE);
    return server(door);
  }

  /**
   * The TLS of a listener. Roots and identity are read with the first handshake, not on the way to
   * listening; and a configuration with other authorities makes another one, whose sessions cannot
   * be resumed from the one before.
   */
  private TlsServer server(ListenerTls listener) {
    AtomicReference<@Nullable ServerTls> made = new AtomicReference<>();
    return (wire, total) -> {
      ServerTls there = made.get();
      Authorities now = authorities;
      if (there == null || !there.authorities().equals(now)) {
        References references = now.forClients();
        boolean same = there != null && there.references().equals(references);
        TlsServer server =
            there != null && same
                ? there.server()
                : tls.server(listener, identities.get(), references);
        there = new ServerTls(now, references, server);
        made.set(there);
      }
      return there.server().accept(wire, total);
    };
  }

  /** The TLS of a listener, and the authorities it was made with. */
  private record ServerTls(Authorities authorities, References references, TlsServer server) {}

  private static StartTrouble bindTrouble(InetSocketAddress address, IOException e) {
    int port = address.getPort();
    if (e instanceof BindException && String.valueOf(e.getMessage()).contains("in use")) {
      return new StartTrouble(
          "port " + port + " is in use by another program (" + address + ")",
          "ss -ltnp 'sport = :"
              + port
              + "' says which; or listen elsewhere by [[listener]] address",
          e);
    }
    if (e instanceof SocketException && String.valueOf(e.getMessage()).contains("ermission")) {
      return new StartTrouble(
          "port " + port + " is reserved: this user may not listen there",
          "run it by dist/sealwax.service, which grants CAP_NET_BIND_SERVICE, or use a port above"
              + " 1023",
          e);
    }
    return new StartTrouble(
        "cannot listen at " + address + ": " + e.getMessage(), "change [[listener]] address", e);
  }

  /** The identity of a first start, and certificate files that change. */
  private void keepHouse() {
    try {
      do {
        try {
          if (!isClosed()) {
            lookAtFiles();
            lookAtClock();
            recipients.save();
            lookAtIdentities(identities.get());
          }
        } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
          if (!isClosed()) {
            log.bug("housekeeping", e);
          }
        }
      } while (!ending.await(Watched.INTERVAL.toSeconds(), TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void lookAtFiles() {
    Reception in = reception.get();
    if (in != null) {
      in.directory().look();
      SaslMechanisms sasl = in.sasl();
      if (sasl != null) {
        sasl.look();
      }
    }
  }

  private boolean isClosed() {
    return ending.getCount() == 0;
  }

  /** Leaves the time to the next run, and reports a jump of the machine's clock. */
  private void lookAtClock() {
    boolean doubted = steady.isDoubted();
    if (doubted != clockDoubted) {
      clockDoubted = doubted;
      log.warning(
          "app",
          doubted
              ? "the machine's clock jumped: certificates and policies are judged as if it had not,"
                  + " for a day or until sealwax policy accept --clock"
              : "the machine's clock is believed again");
    }
    long now = steady.nanoTime();
    if (!isClosed() && clockWritten != 0 && now - clockWritten < KEEP_CLOCK.toNanos()) {
      return;
    }
    clockWritten = now;
    try {
      clockFile.write(steady.mark());
    } catch (IOException e) {
      // Without room, for one; the next look tries again.
    }
  }

  private void lookAtIdentities(IdentityStore store) {
    for (IdentityStore.Reload reload : store.reloadIfChanged()) {
      switch (reload) {
        case IdentityStore.Reload.Replaced r -> {
          log.identity(r.file(), "read again, in use until " + r.identity().expires());
          Inspection.lifetime(r.identity(), clock.now()).ifPresent(w -> log.warning("tls", w));
        }
        case IdentityStore.Reload.Kept k ->
            log.warning("tls", k.file() + ": " + k.why() + "; the former certificate stays in use");
      }
    }
  }

  /**
   * Puts another configuration in force: opens and closes listeners, swaps both directions.
   *
   * @return what stays as it was until a restart
   * @throws IOException when it cannot be; then the old one stays in force
   */
  public synchronized Set<String> reload(Settings next) throws IOException {
    Settings old = settingsNow();
    List<ListenerRow> gone = new ArrayList<>(listeners.keySet());
    gone.removeAll(next.listeners());
    Map<ListenerRow, Listener> opened = new LinkedHashMap<>();
    Set<InetSocketAddress> staying = new java.util.HashSet<>();
    gone.forEach(row -> staying.add(row.address()));
    checkIdentities(next, old);
    try {
      RootStore.rereadPublicRoots();
    } catch (IllegalStateException e) {
      throw new IOException(e.getMessage(), e);
    }
    List<ListenerRow> later = new ArrayList<>();
    try {
      for (ListenerRow row : next.listeners()) {
        if (listeners.containsKey(row)) {
          continue;
        }
        if (staying.contains(row.address())) {
          later.add(row); // the same address with other properties: the old one closes first
        } else {
          opened.put(row, open(row, next));
        }
      }
      take(next);
    } catch (IOException | RuntimeException e) {
      opened.values().forEach(Listener::close);
      throw e;
    }
    for (ListenerRow row : gone) {
      Listener listener = listeners.remove(row);
      if (listener != null) {
        leave(listener);
      }
    }
    listeners.putAll(opened);
    for (ListenerRow row : later) {
      try {
        listeners.put(row, open(row, next));
      } catch (StartTrouble e) {
        // The rest is in force already; a wrong answer would be worse than a closed door.
        log.warning("receive", row.name() + " stays closed: " + e.getMessage());
      }
    }
    return next.needingRestart(old);
  }

  /**
   * Reads the certificate files that changed.
   *
   * @throws IOException when a pair cannot be used
   */
  private void checkIdentities(Settings next, Settings old) throws IOException {
    if (!next.identity().equals(old.identity())) {
      // Other files are used after a restart, which should not be the one to find them wrong.
      for (IdentitySettings.Pair pair : next.identity().pairs()) {
        var _ = Identity.read(pair.certificate(), pair.key());
      }
    }
    IdentityStore store = identities.ifMade();
    if (store == null) {
      return;
    }
    lookAtIdentities(store);
    String wrong =
        store.troubles().stream()
            .map(k -> k.file() + ": " + k.why() + "; the former certificate stays in use")
            .collect(Collectors.joining("; "));
    if (!wrong.isEmpty()) {
      throw new IOException(wrong);
    }
  }

  /** Lets the sessions of a listener that was removed end, as at a stop. */
  private void leave(Listener listener) {
    listener.stopAccepting();
    leaving.add(listener);
    Threads.start(
        "removed-listener",
        () -> {
          try {
            if (!listener.drain(GRACE)) {
              log.warning("receive", "sessions at " + listener.address() + " did not end in time");
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            leaving.remove(listener);
          }
        });
  }

  /** Where it listens, in the order of the configuration; the ports are the real ones. */
  public synchronized List<InetSocketAddress> addresses() {
    return listeners.values().stream().map(Listener::address).toList();
  }

  /** Where reports by POST are taken; empty when nowhere. */
  Optional<InetSocketAddress> reportAddress() {
    return reportsIn.address();
  }

  /** Messages taken since the start. */
  public long accepted() {
    return queue.figures().accepted();
  }

  /** Sessions now. */
  synchronized int sessions() {
    return Stream.concat(listeners.values().stream(), leaving.stream())
        .mapToInt(Listener::sessions)
        .sum();
  }

  /**
   * Stops: no more sessions, those under way finish their message, rounds of delivery end, the
   * store is closed. Bounded by twice {@code grace}.
   */
  public void drain(Duration grace) {
    stopping = true;
    try {
      List<Listener> doors = new ArrayList<>(listeners.values());
      doors.addAll(leaving);
      Listener socket = local;
      if (socket != null) {
        doors.add(socket);
      }
      doors.forEach(Listener::stopAccepting);
      long end = clock.nanoTime() + grace.toNanos();
      for (Listener door : doors) {
        boolean all = door.drain(Duration.ofNanos(Math.max(0, end - clock.nanoTime())));
        if (!all) {
          log.warning("app", "sessions at " + door.address() + " did not end in time");
        }
      }
      if (!queue.drain(grace)) {
        log.warning("app", "some deliveries were interrupted; they begin again at the next start");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    close();
  }

  /** Ends at once; the store is closed in order. */
  @Override
  public void close() {
    stopping = true;
    ending.countDown();
    listeners.values().forEach(Listener::close);
    leaving.forEach(Listener::close);
    for (Closeable machine : new Closeable[] {control, metrics, lookAhead, held, queue}) {
      if (machine != null) {
        closeQuietly(machine);
      }
    }
    Listener socket = local;
    if (socket != null) {
      socket.close();
    }
    Outbound out = outbound.get();
    Courier courier = out == null ? null : out.courier().ifMade();
    if (courier != null) {
      courier.close();
    }
    unseenHosts.close();
    recipients.save();
    mirrors.close();
    closeQuietly(marks);
    closeQuietly(reportsIn);
    closeQuietly(reports);
    closeQuietly(archives);
    closeQuietly(spool);
    awaitIdentities();
    lookAtClock();
  }

  /** The identity of a first start may be in the making: its files are whole when this returns. */
  private void awaitIdentities() {
    Thread keeper = housekeeping;
    try {
      if (keeper != null && !keeper.join(GRACE)) {
        log.warning("app", "the certificate files are still being looked at");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    var _ = identities.ifMade(); // waits for a handshake that makes them; none begins any more
  }

  private void closeQuietly(Closeable machine) {
    try {
      machine.close();
    } catch (IOException e) {
      log.warning("app", "closing: " + e.getMessage());
    }
  }
}

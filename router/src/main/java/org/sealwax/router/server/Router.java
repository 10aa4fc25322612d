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
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.router.config.ListenerRow;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.config.TlsReportsInRow;
import org.sealwax.router.control.ControlServer;
import org.sealwax.router.control.ControlService;
import org.sealwax.router.control.Explainer;
import org.sealwax.router.deliver.Dialers;
import org.sealwax.router.deliver.HostConnector;
import org.sealwax.router.deliver.HostMemoryCache;
import org.sealwax.router.deliver.MxHostProbe;
import org.sealwax.router.deliver.SmtpDeliveryAgent;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.metrics.MetricsServer;
import org.sealwax.router.pipe.PipeDeliveryAgent;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.CrashMarks;
import org.sealwax.router.queue.HeldMail;
import org.sealwax.router.queue.NextHopPrefetch;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.receive.AuthGuard;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.router.receive.ClientNames;
import org.sealwax.router.receive.Listener;
import org.sealwax.router.receive.ListenerSettings;
import org.sealwax.router.receive.ReceiveConfiguration;
import org.sealwax.router.receive.ReceiveSettings;
import org.sealwax.router.receive.RelayRules;
import org.sealwax.router.receive.SaslMechanisms;
import org.sealwax.router.receive.SessionLimit;
import org.sealwax.router.receive.SmtpServer;
import org.sealwax.router.receive.TrustedCertificates;
import org.sealwax.router.receive.auth.PasswordFile;
import org.sealwax.router.receive.auth.PasswordMechanisms;
import org.sealwax.router.route.ConfiguredDirectory;
import org.sealwax.router.route.NextHopDelivery;
import org.sealwax.router.route.RecipientProbe;
import org.sealwax.router.route.TransportTable;
import org.sealwax.router.route.VerificationCache;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.SqliteSpool;
import org.sealwax.router.wiring.CertificateAuthorities;
import org.sealwax.router.wiring.ClockFile;
import org.sealwax.router.wiring.ConfiguredFilesCheck;
import org.sealwax.router.wiring.DomainStores;
import org.sealwax.router.wiring.IncomingTlsReports;
import org.sealwax.router.wiring.Lazy;
import org.sealwax.router.wiring.LazyResolver;
import org.sealwax.router.wiring.LedgerMetrics;
import org.sealwax.router.wiring.MemoryPlan;
import org.sealwax.router.wiring.OutgoingTlsReports;
import org.sealwax.router.wiring.StartFailure;

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

  /** Bytes of the secret behind decoy salts. */
  private static final int DECOY = 32;

  /** How often the time is left to the next run. */
  private static final Duration KEEP_CLOCK = Duration.ofSeconds(30);

  private final SteadyClock steady;
  private final ClockFile clockFile;

  /** The believed time: certificates, policies and remote dates are checked against it. */
  private final Clock clock;

  private final RandomSource random;
  private final MailLog log;
  private final Counters counters;
  private final TlsFactory tls;
  private final SqliteSpool spool;
  private final Queue queue;
  private final CrashMarks crashMarks;
  private final NextHopPrefetch prefetch;
  private final HeldMail held;
  private final Resolver resolver;
  private final Lazy<IdentityStore> identities;
  private final DomainStores stores;
  private final OutgoingTlsReports reports;
  private final IncomingTlsReports reportsIn;
  private final SmtpServer smtpServer;

  /** What is known of named peers: outlives configurations. */
  private final PeerIdentities peerIdentities;

  private final MxHostProbe mxHostProbe;

  private final AtomicReference<RouterSettings> settings;
  private final AtomicReference<ReceiveConfiguration> reception = new AtomicReference<>();
  private final AtomicReference<OutboundDelivery> outbound = new AtomicReference<>();
  private final Map<ListenerRow, Listener> listeners = new LinkedHashMap<>();

  /** Removed by a reload; their last sessions end. */
  private final Set<Listener> stoppedListeners = ConcurrentHashMap.newKeySet();

  /** What mail hosts have shown: outlives configurations. */
  private final Lazy<HostMemoryCache> memories;

  /** Next hops' replies about recipients; kept over reloads. */
  private final VerificationCache recipients;

  /** The authorities of the configuration in force. */
  private volatile CertificateAuthorities authorities;

  /** Of the configuration in force, for the one after it. */
  private @Nullable ConfiguredDirectory directory;

  private @Nullable PasswordFile passwords;

  private @Nullable Listener local;
  private @Nullable ControlServer control;
  private @Nullable TcpListener metrics;
  private @Nullable Thread maintenance;
  private final CountDownLatch fatalError = new CountDownLatch(1);
  private volatile boolean clockSuspect;
  private volatile long clockWritten;
  private volatile boolean stopping;

  /** The outgoing half under one configuration. */
  private record OutboundDelivery(
      TransportTable routes, Lazy<SmtpDeliveryAgent> deliveryAgent, NextHopDelivery byNextHop) {}

  /**
   * Opens the store and reads everything that the configuration names; nothing listens yet.
   *
   * @param systemClock the time as this machine has it
   * @param random randomness
   * @param log facts
   * @param counters what is counted
   * @throws StartFailure when that is not possible
   */
  public Router(
      RouterSettings settings,
      Clock systemClock,
      RandomSource random,
      MailLog log,
      Counters counters)
      throws StartFailure {
    this.clockFile = new ClockFile(settings.server().state());
    this.steady = new SteadyClock(systemClock, clockFile.read());
    this.clock = steady.believed();
    this.random = random;
    this.log = log;
    this.counters = counters;
    this.settings = new AtomicReference<>(settings);
    this.authorities = new CertificateAuthorities(settings);
    this.recipients =
        new VerificationCache(settings.server().state().resolve("recipients.verified"), clock, log);
    this.tls = new TlsFactory(TlsSettings.defaults(), clock, random);
    Path state = settings.server().state();
    try {
      StateFolder.create(state);
    } catch (IOException e) {
      throw new StartFailure(
          "the state folder " + state + " cannot be made: " + e.getMessage(),
          "set [server] state to a folder that this user may write",
          e);
    }
    this.identities = new Lazy<>(this::openIdentities);
    this.resolver =
        new LazyResolver(new Lazy<>(() -> new CachingResolver(settings.dns(), clock, random)));
    this.stores =
        new DomainStores(
            settings,
            resolver,
            new Lazy<>(() -> tls.client(ClientTlsSettings.defaults(), identities.get())),
            clock,
            random,
            log);
    stores.openInBackground();
    try {
      this.spool = openSpool(settings);
    } catch (StartFailure e) {
      closeQuietly(stores);
      throw e;
    }
    this.peerIdentities = stores.peerIdentities(tls.verifier());
    this.mxHostProbe =
        new MxHostProbe(
            stores::ledger, () -> outboundNow().deliveryAgent().get(), clock, random, log);
    this.memories = new Lazy<>(() -> new HostMemoryCache(stores.ledger()));
    // Behind the lock of the spool: a second process must not take the marks of the first.
    this.crashMarks = openCrashMarks(state);
    spool.markSteps(crashMarks);
    this.queue =
        new Queue(
            spool,
            target -> outboundNow().routes().nextHopFor(target),
            this::deliver,
            steady,
            random,
            log,
            settings.queue(),
            crashMarks,
            Threads::start);
    this.held =
        new HeldMail(
            queue,
            () -> heldBytes(settings.spool().folder()),
            settings.server().state().resolve("held-summary"));
    this.prefetch =
        new NextHopPrefetch(
            spool,
            hop -> outboundNow().deliveryAgent().get().prefetch(hop),
            queue::isPaused,
            steady,
            log);
    this.reports =
        new OutgoingTlsReports(
            settings,
            stores,
            queue,
            resolver,
            new Lazy<>(() -> tls.client(ClientTlsSettings.defaults(), identities.get())),
            clock,
            random,
            log);
    this.reportsIn =
        new IncomingTlsReports(
            settings, this::settingsNow, resolver, this::reportListenerTls, clock, log);
    this.smtpServer =
        new SmtpServer(
            () -> {
              ReceiveConfiguration now = reception.get();
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
      apply(settings);
    } catch (IOException | RuntimeException e) {
      closeQuietly(stores);
      closeQuietly(spool);
      if (e instanceof RuntimeException bug && !(bug.getCause() instanceof IOException)) {
        throw bug;
      }
      Throwable why = e instanceof RuntimeException && e.getCause() != null ? e.getCause() : e;
      throw new StartFailure(
          String.valueOf(why.getMessage()), "sealwax check says what is in force", why);
    }
  }

  private OutboundDelivery outboundNow() {
    OutboundDelivery now = outbound.get();
    if (now == null) {
      throw new IllegalStateException("not open yet");
    }
    return now;
  }

  private Map<Long, Outcome> deliver(Consignment consignment) throws InterruptedException {
    return outboundNow().byNextHop().deliver(consignment);
  }

  private SqliteSpool openSpool(RouterSettings settings) throws StartFailure {
    try {
      return SqliteSpool.open(settings.spool(), steady, random, log);
    } catch (SpoolException e) {
      throw StartFailure.of(e, settings.spool().folder());
    } catch (IOException e) {
      throw new StartFailure(
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

  /** Mail goes on without marks: they only help after a crash. */
  private CrashMarks openCrashMarks(Path state) {
    try {
      return CrashMarks.open(state.resolve("under-way"), clock, log);
    } catch (IOException e) {
      log.warning("queue", "messages under way cannot be marked: " + e.getMessage());
      return CrashMarks.none();
    }
  }

  private IdentityStore openIdentities() {
    if (isClosed()) {
      throw new IllegalStateException("the router is closed");
    }
    try {
      IdentityStore store = IdentityStore.open(settingsNow().identity(), clock, random);
      for (Identity identity : store.identities()) {
        log.identity(identity.name(), "in use until " + identity.expires());
        ConfiguredFilesCheck.lifetime(identity, clock.now()).ifPresent(w -> log.warning("tls", w));
      }
      return store;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public RouterSettings settingsNow() {
    RouterSettings now = settings.get();
    if (now == null) {
      throw new IllegalStateException();
    }
    return now;
  }

  /** Makes both directions for a configuration and puts them in force together. */
  private void apply(RouterSettings next) throws IOException {
    CertificateAuthorities roots = new CertificateAuthorities(next);
    roots.check();
    boolean first = outbound.get() == null;
    Lazy<SmtpDeliveryAgent> agent =
        new Lazy<>(
            () ->
                new SmtpDeliveryAgent(
                    next.deliver(),
                    resolver,
                    new HostConnector(
                        next.deliver(),
                        resolver,
                        new Dialers(SystemDialer.guarded(next.dialer()), SystemDialer.trusted()),
                        tls.client(ClientTlsSettings.defaults(), identities.get()),
                        roots.forDelivery(),
                        random),
                    stores.evidence(next),
                    stores
                        .recorder(memories.get(), reports.sessionListener())
                        .with(mxHostProbe::observing),
                    clock,
                    random));
    Lazy<PipeDeliveryAgent> commands =
        new Lazy<>(() -> new PipeDeliveryAgent(next.pipes(), PipeDeliveryAgent.runsAsRoot()));
    RecipientProbe probe = (mailbox, hop) -> agent.get().recipientVerifier().probe(mailbox, hop);
    ConfiguredDirectory ours =
        new ConfiguredDirectory(
            next.forward(),
            next.tlsReportsIn().map(TlsReportsInRow::addresses).orElse(List.of()),
            probe,
            recipients,
            clock,
            random,
            log,
            directory);
    PasswordFile users = passwords(next);
    ReceiveConfiguration in =
        new ReceiveConfiguration(
            receiveSettings(next),
            new RelayRules(
                next.trustedNetworks(),
                TrustedCertificates.of(tls.verifier(), roots.grants()),
                next.rejects(),
                next.server().postmaster().orElse(null)),
            ours,
            peerIdentities,
            users == null ? null : new PasswordMechanisms(users, random));
    PipeDeliveryAgent.warnings(next.pipes(), PipeDeliveryAgent.runsAsRoot())
        .forEach(w -> log.warning("config", w));
    if (first && next.server().postmaster().isEmpty()) {
      log.note("app", ConfiguredFilesCheck.NO_POSTMASTER);
    }
    roots.name(peerIdentities);
    authorities = roots;
    directory = ours;
    passwords = users;
    reception.set(in);
    OutboundDelivery former =
        outbound.getAndSet(
            new OutboundDelivery(
                new TransportTable(next.forward()),
                agent,
                new NextHopDelivery(
                    next.forward(),
                    in.directory(),
                    queue,
                    c -> agent.get().deliver(c),
                    c -> commands.get().deliver(c),
                    reportsIn::read)));
    SmtpDeliveryAgent idle = former == null ? null : former.deliveryAgent().ifCreated();
    if (idle != null) {
      idle.close(); // its idle connections; rounds under way end by themselves
    }
    stores.use(next, roots);
    queue.settings(next.queue());
    settings.set(next);
  }

  private static ReceiveSettings receiveSettings(RouterSettings next) {
    return next.receive();
  }

  private @Nullable PasswordFile passwords(RouterSettings next) throws IOException {
    return next.passwordFile().isEmpty()
        ? null
        : new PasswordFile(next.passwordFile().get(), decoySecret(next), clock, log, passwords);
  }

  /** Kept over restarts: users who do not exist must not get a new salt each time. */
  private byte[] decoySecret(RouterSettings next) throws IOException {
    Path file = next.server().state().resolve("decoy.secret");
    if (!Files.exists(file)) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(file, random.bytes(DECOY), StandardOpenOption.SYNC);
    }
    byte[] secret = Files.readAllBytes(file);
    if (secret.length != DECOY) {
      throw new IOException(file + " is not what was written; remove it");
    }
    return secret;
  }

  /** Listens and begins to deliver. */
  public void start(ControlService.ReloadAction reloading) throws StartFailure {
    RouterSettings now = settingsNow();
    try {
      stores.open();
      reports.open();
      reportsIn.open();
    } catch (UncheckedIOException e) {
      close();
      throw new StartFailure(
          String.valueOf(e.getMessage()), "the state folder must be writable for this user", e);
    }
    try {
      for (ListenerRow row : now.listeners()) {
        listeners.put(row, open(row, now));
      }
      Path socket = StateFolder.submissionSocket(now.server().state());
      ControlServer.checkLength(socket);
      local = smtpServer.listen(ListenerSettings.local(socket), null);
      control =
          ControlServer.open(
              now.server().state(),
              new ControlService(queue, spool, reloading, stores::ledger, this::explainer, steady),
              log);
      startReportsIn();
      if (now.metrics().isPresent()) {
        metrics = openMetrics(now.metrics().get());
      }
    } catch (IOException | UncheckedIOException e) {
      close();
      if (e instanceof StartFailure trouble) {
        throw trouble;
      }
      throw new StartFailure(String.valueOf(e.getMessage()), "see sealwax(1), FILES", e);
    }
    stores.start();
    reports.start();
    peerIdentities.start();
    mxHostProbe.start();
    queue.start();
    prefetch.start();
    held.start();
    maintenance = Supervisor.start("housekeeping", this::isClosed, this::runMaintenance);
  }

  private void startReportsIn() throws StartFailure {
    try {
      reportsIn.start(counters);
    } catch (IOException e) {
      throw bindFailure(reportsIn.listenAddress().orElseThrow(), e);
    }
  }

  private TcpListener openMetrics(InetSocketAddress address) throws StartFailure {
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
        "sealwax_store_trouble", "1 while no mail is taken", () -> spool.failure() == null ? 0 : 1);
    LedgerMetrics.show(counters, stores::ledger);
    try {
      return MetricsServer.start(
          address, counters, this::unreadyReason, text -> log.warning("app", "metrics: " + text));
    } catch (IOException e) {
      throw bindFailure(address, e);
    }
  }

  private Explainer explainer() {
    OutboundDelivery now = outboundNow();
    return new Explainer(
        now.deliveryAgent().get(), now.routes(), stores, settingsNow(), peerIdentities::status);
  }

  /** Returns when the queue answers: for the watchdog. */
  public void probe() {
    var _ = queue.figures();
  }

  /** Why mail is not taken now, or null when it is. */
  @Nullable String unreadyReason() {
    return stopping ? "stopping" : spool.failure();
  }

  private Listener open(ListenerRow row, RouterSettings now) throws StartFailure {
    ListenerSettings listener =
        SettingsRecord.with(
            ListenerSettings.smtp(row.address()),
            Map.of(
                "name", row.name(),
                "encryption", row.start(),
                "certificates", row.clientCertificates(),
                "offersAuth", row.auth(),
                "dsn", row.dsn(),
                "sessions", now.sessions()));
    ListenerTlsSettings listenerTls =
        ListenerTlsSettings.defaults(row.name())
            .withFloor(row.floor())
            .withClientCertificates(row.clientCertificates())
            .withResumption(row.resumption(), row.resumption());
    TlsServer late =
        row.start() == ListenerSettings.ListenerTlsMode.NONE ? null : server(listenerTls);
    try {
      return smtpServer.listen(listener, late);
    } catch (IOException e) {
      throw bindFailure(row.address(), e);
    }
  }

  /**
   * For reports by POST: the certificate of the listeners, and clients are not asked for theirs.
   */
  private TlsServer reportListenerTls() {
    ListenerTlsSettings listener =
        ListenerTlsSettings.defaults("tlsrpt").withClientCertificates(ClientCertificateMode.NONE);
    return server(listener);
  }

  /**
   * The TLS of a listener. Roots and identity are read with the first handshake, not on the way to
   * listening; and a configuration with other authorities makes another one, whose sessions cannot
   * be resumed from the one before.
   */
  private TlsServer server(ListenerTlsSettings listener) {
    AtomicReference<@Nullable ServerTls> made = new AtomicReference<>();
    return (wire, total) -> {
      ServerTls there = made.get();
      CertificateAuthorities now = authorities;
      if (there == null || !there.authorities().equals(now)) {
        ReferenceIdentity references = now.forClients();
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
  private record ServerTls(
      CertificateAuthorities authorities, ReferenceIdentity references, TlsServer server) {}

  private static StartFailure bindFailure(InetSocketAddress address, IOException e) {
    int port = address.getPort();
    if (e instanceof BindException && String.valueOf(e.getMessage()).contains("in use")) {
      return new StartFailure(
          "port " + port + " is in use by another program (" + address + ")",
          "ss -ltnp 'sport = :"
              + port
              + "' says which; or listen elsewhere by [[listener]] address",
          e);
    }
    if (e instanceof SocketException && String.valueOf(e.getMessage()).contains("ermission")) {
      return new StartFailure(
          "port " + port + " is reserved: this user may not listen there",
          "run it by dist/sealwax.service, which grants CAP_NET_BIND_SERVICE, or use a port above"
              + " 1023",
          e);
    }
    return new StartFailure(
        "cannot listen at " + address + ": " + e.getMessage(), "change [[listener]] address", e);
  }

  /** The identity of a first start, and certificate files that change. */
  private void runMaintenance() {
    try {
      do {
        maintain(this::checkFiles);
        maintain(this::checkClock);
        maintain(recipients::save);
        maintain(() -> reloadIdentities(identities.get()));
      } while (!fatalError.await(WatchedFile.INTERVAL.toSeconds(), TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One part of the maintenance: a fault in it does not keep the others from their turn. */
  private void maintain(Runnable part) {
    try {
      if (!isClosed()) {
        part.run();
      }
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      if (!isClosed()) {
        log.bug("housekeeping", e);
      }
    }
  }

  private void checkFiles() {
    ReceiveConfiguration in = reception.get();
    if (in != null) {
      in.directory().reloadIfChanged();
      SaslMechanisms sasl = in.sasl();
      if (sasl != null) {
        sasl.reloadIfChanged();
      }
    }
  }

  private boolean isClosed() {
    return fatalError.getCount() == 0;
  }

  /** Leaves the time to the next run, and reports a jump of the machine's clock. */
  private void checkClock() {
    boolean doubted = steady.isUncertain();
    if (doubted != clockSuspect) {
      clockSuspect = doubted;
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
      // For example, the disk is full; it is tried again next time.
    }
  }

  private void reloadIdentities(IdentityStore store) {
    for (IdentityStore.Reload reload : store.reloadIfChanged()) {
      switch (reload) {
        case IdentityStore.Reload.Replaced r -> {
          log.identity(r.file(), "read again, in use until " + r.identity().expires());
          ConfiguredFilesCheck.lifetime(r.identity(), clock.now())
              .ifPresent(w -> log.warning("tls", w));
        }
        case IdentityStore.Reload.KeptFormer k ->
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
  public synchronized Set<String> reload(RouterSettings next) throws IOException {
    RouterSettings old = settingsNow();
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
      apply(next);
    } catch (IOException | RuntimeException e) {
      opened.values().forEach(Listener::close);
      throw e;
    }
    for (ListenerRow row : gone) {
      Listener listener = listeners.remove(row);
      if (listener != null) {
        stopListening(listener);
      }
    }
    listeners.putAll(opened);
    for (ListenerRow row : later) {
      try {
        listeners.put(row, open(row, next));
      } catch (StartFailure e) {
        // The rest is in force already; a wrong answer would be worse than a closed port.
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
  private void checkIdentities(RouterSettings next, RouterSettings old) throws IOException {
    if (!next.identity().equals(old.identity())) {
      // Other files are used after a restart, which should not be the one to find them wrong.
      for (IdentitySettings.CertificatePair pair : next.identity().pairs()) {
        var _ = Identity.read(pair.certificate(), pair.key());
      }
    }
    IdentityStore store = identities.ifCreated();
    if (store == null) {
      return;
    }
    reloadIdentities(store);
    String wrong =
        store.failedReloads().stream()
            .map(k -> k.file() + ": " + k.why() + "; the former certificate stays in use")
            .collect(Collectors.joining("; "));
    if (!wrong.isEmpty()) {
      throw new IOException(wrong);
    }
  }

  /** Lets the sessions of a listener that was removed end, as at a stop. */
  private void stopListening(Listener listener) {
    listener.stopAccepting();
    stoppedListeners.add(listener);
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
            stoppedListeners.remove(listener);
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
    return Stream.concat(listeners.values().stream(), stoppedListeners.stream())
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
      List<Listener> open = new ArrayList<>(listeners.values());
      open.addAll(stoppedListeners);
      Listener socket = local;
      if (socket != null) {
        open.add(socket);
      }
      open.forEach(Listener::stopAccepting);
      long end = clock.nanoTime() + grace.toNanos();
      for (Listener one : open) {
        boolean all = one.drain(Duration.ofNanos(Math.max(0, end - clock.nanoTime())));
        if (!all) {
          log.warning("app", "sessions at " + one.address() + " did not end in time");
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
    fatalError.countDown();
    listeners.values().forEach(Listener::close);
    stoppedListeners.forEach(Listener::close);
    for (Closeable machine : new Closeable[] {control, metrics, prefetch, held, queue}) {
      if (machine != null) {
        closeQuietly(machine);
      }
    }
    Listener socket = local;
    if (socket != null) {
      socket.close();
    }
    OutboundDelivery out = outbound.get();
    SmtpDeliveryAgent agent = out == null ? null : out.deliveryAgent().ifCreated();
    if (agent != null) {
      agent.close();
    }
    mxHostProbe.close();
    recipients.save();
    peerIdentities.close();
    closeQuietly(crashMarks);
    closeQuietly(reportsIn);
    closeQuietly(reports);
    closeQuietly(stores);
    closeQuietly(spool);
    awaitIdentities();
    checkClock();
  }

  /** The identity of a first start may be in the making: its files are whole when this returns. */
  private void awaitIdentities() {
    Thread keeper = maintenance;
    try {
      if (keeper != null && !keeper.join(GRACE)) {
        log.warning("app", "the certificate files are still being looked at");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    var _ = identities.ifCreated(); // waits for a handshake that makes them; none begins any more
  }

  private void closeQuietly(Closeable machine) {
    try {
      machine.close();
    } catch (IOException e) {
      log.warning("app", "closing: " + e.getMessage());
    }
  }
}

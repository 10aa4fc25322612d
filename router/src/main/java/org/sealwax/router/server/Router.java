package org.sealwax.router.server;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.FolderLock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.router.certs.ServerCertificates;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlServer;
import org.sealwax.router.control.ControlService;
import org.sealwax.router.control.Explainer;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.control.RolloverControlService;
import org.sealwax.router.deliver.MxHostProbe;
import org.sealwax.router.dkim.SigningPolicy;
import org.sealwax.router.dmarc.SenderChecks;
import org.sealwax.router.dnsbl.DnsListClient;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.milter.Milters;
import org.sealwax.router.queue.HeldMail;
import org.sealwax.router.queue.NextHopPrefetch;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.receive.AuthGuard;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.router.receive.ClientNames;
import org.sealwax.router.receive.ReceiveConfiguration;
import org.sealwax.router.receive.SaslMechanisms;
import org.sealwax.router.receive.SessionLimit;
import org.sealwax.router.receive.SmtpServer;
import org.sealwax.router.route.ConfiguredRouting;
import org.sealwax.router.route.VerificationCache;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.SqliteSpool;
import org.sealwax.router.wiring.AcmeCertificates;
import org.sealwax.router.wiring.ClockFile;
import org.sealwax.router.wiring.ConfiguredFilesCheck;
import org.sealwax.router.wiring.DkimSigning;
import org.sealwax.router.wiring.DomainStores;
import org.sealwax.router.wiring.IncomingReports;
import org.sealwax.router.wiring.Lazy;
import org.sealwax.router.wiring.LazyResolver;
import org.sealwax.router.wiring.LockedState;
import org.sealwax.router.wiring.MemoryPlan;
import org.sealwax.router.wiring.OutgoingTlsReports;
import org.sealwax.router.wiring.OwnCertificates;
import org.sealwax.router.wiring.Rollovers;
import org.sealwax.router.wiring.StartFailure;

/**
 * The running router: the only place that puts machines together. What a reload changes is one
 * {@link ActiveConfiguration}, swapped whole.
 */
public final class Router implements Closeable {
  /** How long sessions and rounds may take to end; systemd's default patience is 90 seconds. */
  public static final Duration GRACE = Duration.ofSeconds(30);

  private final SteadyClock steady;

  /** The believed time: certificates, policies and remote dates are checked against it. */
  private final Clock clock;

  private final MailLog log;
  private final Counters counters;
  private final SqliteSpool spool;
  private final FolderLock stateLock;
  private final Queue queue;
  private final CrashMarks crashMarks;
  private final NextHopPrefetch prefetch;
  private final HeldMail held;
  private final OwnCertificates ownCertificates;
  private final ServerCertificates certificates;
  private final AcmeCertificates acme;
  private final Rollovers rollovers;
  private final DomainStores stores;
  private final DkimSigning dkim;
  private final OutgoingTlsReports reports;
  private final IncomingReports reportsIn;
  private final ListenerSet listeners;
  private final Housekeeping housekeeping;

  /** What is known of named peers: outlives configurations. */
  private final PeerIdentities peerIdentities;

  private final MxHostProbe mxHostProbe;
  private final Milters milters;

  /** Next hops' replies about recipients; kept over reloads. */
  private final VerificationCache recipients;

  /** Of the start: in force until the first configuration is made. */
  private final RouterSettings first;

  private final ActiveConfiguration.Parts parts;
  private final AtomicReference<@Nullable ActiveConfiguration> active = new AtomicReference<>();

  private @Nullable ControlServer control;
  private @Nullable TcpListener metrics;
  private volatile boolean stopping;

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
    Path state = settings.server().state();
    this.stateLock = LockedState.take(state);
    ClockFile clockFile = new ClockFile(state);
    this.steady = new SteadyClock(systemClock, clockFile.read());
    this.housekeeping = new Housekeeping(steady, clockFile, log);
    this.clock = steady.believed();
    this.log = log;
    this.counters = counters;
    this.first = settings;
    this.recipients = new VerificationCache(state.resolve("recipients.verified"), clock, log);
    TlsFactory tls = new TlsFactory(TlsSettings.defaults(), clock, random);
    this.rollovers = new Rollovers(settings, this::orderCertificate, steady, random, log);
    Resolver resolver =
        new LazyResolver(new Lazy<>(() -> new CachingResolver(settings.dns(), clock, random)));
    this.ownCertificates =
        new OwnCertificates(this::settingsNow, resolver, rollovers, clock, random);
    this.certificates = ownCertificates.open(settings, housekeeping::isEnded, log);
    this.stores =
        new DomainStores(
            settings,
            resolver,
            new Lazy<>(() -> tls.client(ClientTlsSettings.defaults(), certificates.get())),
            clock,
            random,
            log);
    try {
      this.spool = openSpool(settings, random);
    } catch (StartFailure e) {
      closeQuietly(stores, stateLock);
      throw e;
    }
    this.dkim = new DkimSigning(state, spool, steady, log);
    this.peerIdentities = stores.peerIdentities(tls.verifier());
    this.mxHostProbe =
        new MxHostProbe(
            stores::ledger, () -> activeNow().deliveryAgent().get(), clock, random, log);
    // After the lock of the spool is taken: a second process must not take the marks of the first.
    this.crashMarks = CrashMarks.open(state.resolve("under-way"), clock, log);
    spool.markSteps(crashMarks);
    this.queue =
        new Queue(
            spool,
            new ConfiguredRouting(() -> activeNow().routes(), () -> activeNow().directory()),
            consignment -> activeNow().byNextHop().deliver(consignment),
            steady,
            random,
            log,
            settings.queue(),
            crashMarks,
            Threads::start);
    this.held =
        new HeldMail(
            queue,
            () -> HeldMail.diskShare(settings.spool().folder()),
            state.resolve("held-summary"));
    this.prefetch =
        new NextHopPrefetch(
            spool,
            hop -> activeNow().deliveryAgent().get().prefetch(hop),
            queue::isPaused,
            steady,
            log);
    this.reports =
        new OutgoingTlsReports(
            settings,
            stores,
            queue.intake(),
            () -> signing(activeNow()),
            resolver,
            clock,
            random,
            log);
    this.milters = new Milters(clock, log);
    SmtpServer smtpServer =
        new SmtpServer(
            () -> activeNow().reception(),
            queue.intake(),
            new ClientLimits(settings.clientLimits(), clock),
            new SessionLimit(
                settings.receive().sessions(), new ByteBudget(MemoryPlan.forSessions())),
            AuthGuard.defaults(),
            new SenderChecks(resolver, settings.dns().concurrent() / SenderChecks.SHARE, log),
            new ClientNames(resolver, settings.dns().concurrent() / ClientNames.SHARE, clock),
            milters,
            new DnsListClient(
                resolver, settings.dns().concurrent() / DnsListClient.SHARE, clock, log),
            log,
            clock);
    this.listeners =
        new ListenerSet(
            smtpServer, tls, certificates, () -> activeNow().authorities(), GRACE, clock, log);
    this.acme =
        new AcmeCertificates(
            settings,
            rollovers,
            resolver,
            new Lazy<>(() -> tls.client(ClientTlsSettings.defaults(), certificates.get())),
            clock,
            random,
            counters,
            log);
    this.reportsIn =
        new IncomingReports(
            settings,
            this::settingsNow,
            () -> activeNow().directory(),
            resolver,
            () -> listeners.pageTls("tlsrpt", acme.challengeIdentities()),
            counters,
            clock,
            log);
    this.parts =
        new ActiveConfiguration.Parts(
            resolver,
            tls,
            certificates,
            stores,
            dkim,
            peerIdentities,
            mxHostProbe,
            recipients,
            queue.intake(),
            reports,
            reportsIn,
            clock,
            random,
            log);
    queue.reportReplies(reportsIn.feedback().replies());
    try {
      certificates.prepare();
      apply(settings);
    } catch (IOException | RuntimeException e) {
      closeQuietly(dkim, stores, spool, stateLock);
      if (e instanceof RuntimeException bug && !(bug.getCause() instanceof IOException)) {
        throw bug;
      }
      Throwable why = e instanceof RuntimeException && e.getCause() != null ? e.getCause() : e;
      throw new StartFailure(
          FailureText.of(why), "sealwax check prints the settings in force", why);
    }
  }

  private ActiveConfiguration activeNow() {
    return Objects.requireNonNull(active.get(), "not open yet");
  }

  private SqliteSpool openSpool(RouterSettings settings, RandomSource random) throws StartFailure {
    try {
      return SqliteSpool.open(settings.spool(), steady, random, log, stores::openInBackground);
    } catch (SpoolException e) {
      throw StartFailure.of(e, settings.spool().folder());
    } catch (IOException e) {
      throw new StartFailure(
          "the spool in " + settings.spool().folder() + " cannot be opened: " + FailureText.of(e),
          "it must be writable for this user, on a local file system",
          e);
    }
  }

  public RouterSettings settingsNow() {
    ActiveConfiguration now = active.get();
    return now == null ? first : now.settings();
  }

  /** Makes both directions for a configuration and puts them in force together. */
  private void apply(RouterSettings next) throws IOException {
    ActiveConfiguration former = active.get();
    ActiveConfiguration made = ActiveConfiguration.of(next, former, parts);
    made.warnings().forEach(w -> log.warning("config", w));
    if (former == null && next.server().postmaster().isEmpty()) {
      log.note("app", ConfiguredFilesCheck.NO_POSTMASTER);
    }
    made.authorities().name(peerIdentities);
    active.set(made);
    if (former != null) {
      former.retire();
    }
    stores.use(next, made.authorities());
    milters.retain(next.milters());
    queue.settings(next.queue());
    queue.signBy(signing(made));
  }

  /** What signs our own messages; nothing where no key is configured. */
  private static SigningPolicy signing(ActiveConfiguration now) {
    SigningPolicy policy = now.reception().signing();
    return policy == null ? SigningPolicy.NONE : policy;
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
          FailureText.of(e), "the state folder must be writable for this user", e);
    }
    try {
      listeners.open(now);
      Path socket = StateFolder.submissionSocket(now.server().state());
      ControlServer.checkLength(socket);
      listeners.openLocal(socket);
      control =
          ControlServer.open(
              now.server().state(),
              new ControlService(
                  queue,
                  spool,
                  stores::copyInto,
                  reloading,
                  stores::ledger,
                  this::explainer,
                  new RolloverControlService(certificates, rollovers.rollover()),
                  () -> ownCertificates.status(certificates, acme, stores::policies),
                  steady),
              log);
      try {
        reportsIn.start(counters);
      } catch (IOException e) {
        throw StartFailure.toListen(reportsIn.listenAddress().orElseThrow(), e);
      }
      try {
        acme.start(special -> listeners.pageTls("acme", special), counters);
      } catch (IOException e) {
        throw StartFailure.toListen(acme.listenAddress().orElseThrow(), e);
      }
      if (now.metrics().address().isPresent()) {
        metrics = openMetrics(now.metrics().address().get());
      }
    } catch (IOException | UncheckedIOException e) {
      close();
      if (e instanceof StartFailure trouble) {
        throw trouble;
      }
      throw new StartFailure(FailureText.of(e), "see sealwax(1), FILES", e);
    }
    rollovers.start(certificates);
    stores.start();
    reports.start();
    peerIdentities.start();
    mxHostProbe.start();
    queue.start();
    prefetch.start();
    held.start(
        () ->
            Stream.of(acme.summary(), rollovers.summary(), reportsIn.feedback().summary())
                .flatMap(List::stream)
                .toList());
    housekeeping.start(
        List.of(
            this::rereadFiles,
            recipients::save,
            reportsIn.feedback()::save,
            certificates::reloadIfChanged,
            dkim::keepUse));
  }

  private Identity orderCertificate(KeyPair key) throws IOException, InterruptedException {
    return acme.order(key);
  }

  private TcpListener openMetrics(InetSocketAddress address) throws StartFailure {
    RouterMetrics.show(counters, queue, spool, stores, this::sessions);
    certificates.showIn(counters);
    return RouterMetrics.serve(address, counters, this::unreadyReason, log);
  }

  private Explainer explainer() {
    ActiveConfiguration now = activeNow();
    return new Explainer(
        now.deliveryAgent().get(), now.routes(), stores, now.settings(), peerIdentities::status);
  }

  /** Returns when the queue answers: for the watchdog. */
  public void probe() {
    var _ = queue.figures();
  }

  /** Why mail is not taken now, or null when it is. */
  @Nullable String unreadyReason() {
    return stopping ? "stopping" : spool.failure();
  }

  private void rereadFiles() {
    ReceiveConfiguration in = activeNow().reception();
    in.directory().reloadIfChanged();
    SaslMechanisms sasl = in.sasl();
    if (sasl != null) {
      sasl.reloadIfChanged();
    }
  }

  /**
   * Puts another configuration in force: opens and closes listeners, swaps both directions.
   *
   * @param forced certificates are loaded without the guard
   * @return what was not taken
   * @throws IOException when it cannot be; then the old one stays in force
   */
  public synchronized ReloadReport reload(RouterSettings next, boolean forced) throws IOException {
    RouterSettings old = settingsNow();
    List<String> refused = certificates.reload(ownCertificates.slots(next), forced);
    try {
      RootStore.rereadPublicRoots();
    } catch (IllegalStateException e) {
      throw new IOException(FailureText.of(e), e);
    }
    ListenerSet.ListenerChange change = listeners.change(next);
    try {
      apply(next);
    } catch (IOException | RuntimeException e) {
      change.abandon();
      throw e;
    }
    change.complete();
    return new ReloadReport(next.needingRestart(old), refused);
  }

  /** Where it listens, in the order of the configuration; the ports are the real ones. */
  public List<InetSocketAddress> addresses() {
    return listeners.addresses();
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
  int sessions() {
    return listeners.sessions();
  }

  /**
   * Stops: no more sessions, running ones finish their message, rounds of delivery end, the store
   * is closed. Bounded by twice {@code grace}.
   */
  public void drain(Duration grace) {
    stopping = true;
    try {
      listeners.drain(grace);
      if (!queue.drain(grace)) {
        log.warning(
            "app", "some deliveries were interrupted; they are repeated after the next start");
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
    housekeeping.end();
    listeners.close();
    for (Closeable machine :
        new Closeable[] {rollovers, acme, control, metrics, prefetch, held, queue, dkim}) {
      if (machine != null) {
        closeQuietly(machine);
      }
    }
    ActiveConfiguration last = active.get();
    if (last != null) {
      last.retire();
    }
    mxHostProbe.close();
    recipients.save();
    peerIdentities.close();
    closeQuietly(crashMarks, reportsIn, reports, stores, spool);
    // The identity of a first start may be in the making: its files are whole when this returns.
    housekeeping.await(GRACE);
    certificates.await();
    housekeeping.checkClock();
    closeQuietly(stateLock);
  }

  private void closeQuietly(Closeable... machines) {
    for (Closeable machine : machines) {
      try {
        machine.close();
      } catch (IOException e) {
        log.warning("app", "closing: " + FailureText.of(e));
      }
    }
  }
}

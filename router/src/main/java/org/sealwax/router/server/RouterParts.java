package org.sealwax.router.server;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.FolderLock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.router.certs.ServerCertificates;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.Explainer;
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
import org.sealwax.router.wiring.MtaStsHosting;
import org.sealwax.router.wiring.OutgoingTlsReports;
import org.sealwax.router.wiring.OwnCertificates;
import org.sealwax.router.wiring.Rollovers;
import org.sealwax.router.wiring.StartFailure;

/**
 * The parts of a router, put together: the only place that does so. What a reload changes is one
 * {@link ActiveConfiguration}, swapped whole; what is here outlives it. Nothing listens or works
 * yet: {@link Router} starts and ends the parts.
 */
final class RouterParts {
  final SteadyClock steady;

  /** The believed time: certificates, policies and remote dates are checked against it. */
  final Clock clock;

  final MailLog log;
  final RandomSource random;
  final Resolver resolver;
  final TlsFactory tls;
  final Counters counters;
  final SqliteSpool spool;
  final FolderLock stateLock;
  final Queue queue;
  final CrashMarks crashMarks;
  final NextHopPrefetch prefetch;
  final HeldMail held;
  final OwnCertificates ownCertificates;
  final ServerCertificates certificates;
  final AcmeCertificates acme;
  final Rollovers rollovers;
  final DomainStores stores;
  final DkimSigning dkim;
  final OutgoingTlsReports reports;
  final IncomingReports reportsIn;
  final MtaStsHosting hosting;
  final ListenerSet listeners;
  final Housekeeping housekeeping;

  /** What is known of named peers: outlives configurations. */
  final PeerIdentities peerIdentities;

  final MxHostProbe mxHostProbe;
  private final Milters milters;

  /** Next hops' replies about recipients; kept over reloads. */
  final VerificationCache recipients;

  /** Of the start: in force until the first configuration is made. */
  private final RouterSettings first;

  private final AtomicReference<@Nullable ActiveConfiguration> active = new AtomicReference<>();

  /**
   * Opens the store and reads everything that the configuration names; nothing listens yet.
   *
   * @param systemClock the time as this machine has it
   * @param random randomness
   * @param log facts
   * @param counters what is counted
   * @throws StartFailure when that is not possible
   */
  RouterParts(
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
    this.random = random;
    this.counters = counters;
    this.first = settings;
    this.recipients = new VerificationCache(state.resolve("recipients.verified"), clock, log);
    this.tls = new TlsFactory(TlsSettings.defaults(), clock, random);
    this.rollovers = new Rollovers(settings, this::orderCertificate, steady, random, log);
    this.resolver =
        new LazyResolver(new Lazy<>(() -> new CachingResolver(settings.dns(), clock, random)));
    this.ownCertificates =
        new OwnCertificates(this::settingsNow, resolver, rollovers, steady, random);
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
            smtpServer,
            tls,
            certificates,
            () -> activeNow().authorities(),
            Router.GRACE,
            clock,
            log);
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
    this.hosting = new MtaStsHosting(settings, this::settingsNow, resolver, steady, random, log);
    this.reportsIn =
        new IncomingReports(
            settings,
            this::settingsNow,
            () -> activeNow().directory(),
            resolver,
            () -> listeners.pageTls("tlsrpt", acme.challengeIdentities()),
            hosting.pages(),
            counters,
            clock,
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

  /** {@return the configuration in force} */
  ActiveConfiguration activeNow() {
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

  /** {@return the settings in force} */
  RouterSettings settingsNow() {
    ActiveConfiguration now = active.get();
    return now == null ? first : now.settings();
  }

  /** Makes both directions for a configuration and puts them in force together. */
  void apply(RouterSettings next) throws IOException {
    ActiveConfiguration former = active.get();
    ActiveConfiguration made = ActiveConfiguration.of(next, former, this);
    made.warnings().forEach(w -> log.warning("config", w));
    if (former == null && next.server().postmaster().isEmpty()) {
      log.note("app", ConfiguredFilesCheck.NO_POSTMASTER);
    }
    made.authorities().name(peerIdentities);
    active.set(made);
    if (former != null) {
      former.retire();
      certificates.use(ownCertificates.slots(next));
      acme.use(next);
      hosting.reload();
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

  private Identity orderCertificate(KeyPair key) throws IOException, InterruptedException {
    return acme.order(key);
  }

  /** {@return an explainer of the configuration in force} */
  Explainer explainer() {
    ActiveConfiguration now = activeNow();
    return new Explainer(
        now.deliveryAgent().get(), now.routes(), stores, now.settings(), peerIdentities::status);
  }

  /** Closes idle connections of the configuration in force, at the end. */
  void retire() {
    ActiveConfiguration last = active.get();
    if (last != null) {
      last.retire();
    }
  }

  /** Closes what is there, and logs what cannot be closed. */
  void closeQuietly(@Nullable Closeable... machines) {
    for (Closeable machine : machines) {
      try {
        if (machine != null) {
          machine.close();
        }
      } catch (IOException e) {
        log.warning("app", "an error while closing: " + FailureText.of(e));
      }
    }
  }
}

package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.PeerVerifier;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tlsrpt.TlsSessionListener;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.deliver.DeliveryRecorder;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.router.evidence.EvidenceGatherer.LedgerSource;
import org.sealwax.router.evidence.EvidenceGatherer.StsSource;
import org.sealwax.router.evidence.EvidenceSource;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receipts.ReceiptLog;
import org.sealwax.router.receipts.Receipts;
import org.sealwax.router.route.SrsTokenStore;
import org.sealwax.router.sts.StsPolicyCache;
import org.sealwax.router.sts.StsSettings;

/**
 * The stores about other domains that are kept over a reload: MTA-STS policies, the ledger, the
 * receipts, senders of forwards. Opened next to the spool, before anything listens.
 */
public final class DomainStores implements Closeable {
  /** The name of the ledger's file in the state folder. */
  public static final String LEDGER = "ledger.db";

  private final RouterSettings initialSettings;
  private final Resolver resolver;
  private final Supplier<TlsClient> tls;
  private final Clock clock;
  private final RandomSource random;
  private final MailLog log;
  private volatile CertificateAuthorities authorities;
  private final Optional<Lazy<StsPolicyCache>> policies;
  private final Lazy<PersistentLedger> ledger;
  private final Optional<Lazy<ReceiptLog>> receipts;
  private final Lazy<SrsTokenStore> forwardSenders;
  private volatile @Nullable Thread opening;

  /**
   * Opens nothing yet but the certificate authorities.
   *
   * @param initialSettings those in force at the start
   * @param resolver for policy hosts, TLSA records and addresses
   * @param tls our side of TLS
   * @param clock the time
   * @param random jitter
   * @param log facts
   */
  public DomainStores(
      RouterSettings initialSettings,
      Resolver resolver,
      Supplier<TlsClient> tls,
      Clock clock,
      RandomSource random,
      MailLog log) {
    this.initialSettings = initialSettings;
    this.resolver = resolver;
    this.tls = tls;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.authorities = new CertificateAuthorities(initialSettings);
    Path state = initialSettings.server().state();
    this.policies =
        initialSettings
            .sts()
            .map(
                sts ->
                    Lazy.opened("the store of MTA-STS policies cannot be opened", () -> open(sts)));
    this.ledger =
        Lazy.opened(
            "the ledger cannot be opened",
            () ->
                PersistentLedger.open(
                    state.resolve(LEDGER),
                    initialSettings.ledger(),
                    clock,
                    log,
                    (domain, host) ->
                        policies().filter(p -> p.enforces(domain, host)).isPresent()));
    this.receipts =
        initialSettings
            .receipts()
            .map(
                r ->
                    Lazy.opened(
                        "the receipts cannot be opened",
                        () -> ReceiptLog.open(receiptsIn(state), r, clock, random, log)));
    this.forwardSenders =
        Lazy.opened(
            "the store of SRS senders cannot be opened",
            () -> SrsTokenStore.open(state.resolve(SrsTokenStore.FILE), log));
  }

  /** Where the receipts of a state folder are. */
  public static Path receiptsIn(Path state) {
    return state.resolve("receipts");
  }

  /** The roots that count by default in the configuration in force. */
  TrustRoots roots() {
    return authorities.standard();
  }

  /** A client for hosts that others name: with guarded targets and the roots in force. */
  HttpsClient https() {
    return new HttpsClient(
        resolver,
        SystemDialer.guarded(initialSettings.dialer()),
        (wire, offer, total) -> tls.get().connect(wire, offer, total),
        this::roots,
        clock);
  }

  private StsPolicyCache open(StsSettings settings) throws IOException {
    return new StsPolicyCache(
        settings,
        resolver,
        new PolicyFetcher(https(), settings.port(), settings.total()),
        clock,
        random,
        log,
        (domain, lost) -> ledger().keep(domain, lost.fetched().policy().mx()));
  }

  /** The MTA-STS policies; empty when they are switched off. */
  public Optional<StsPolicyCache> policies() {
    return policies.map(Lazy::get);
  }

  /** What domains have shown. */
  public PersistentLedger ledger() {
    return ledger.get();
  }

  /**
   * Senders that do not fit into a rewritten address; opened at the first call.
   *
   * @throws IOException when the file cannot be used
   */
  public SrsTokenStore forwardSenders() throws IOException {
    try {
      return forwardSenders.get();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Stored senders of forwards; -1 when that cannot be read now. */
  public long storedSenders() {
    SrsTokenStore senders = forwardSenders.ifCreated();
    try {
      return senders == null ? 0 : senders.size();
    } catch (IOException e) {
      return -1;
    }
  }

  /** Copies the stores that queued mail needs into the folder of a backup. */
  public void copyInto(Path folder) throws IOException {
    SrsTokenStore senders = forwardSenders.ifCreated();
    if (senders != null) {
      senders.copyTo(folder.resolve(SrsTokenStore.FILE));
    }
  }

  /**
   * Opens all files, or waits while another thread opens them. Before the first session: with a
   * slow disk the first delivery would wait for them otherwise, and mail be taken meanwhile that
   * does not go out.
   *
   * @throws UncheckedIOException when one cannot be opened
   */
  public void open() {
    ledger();
    receipts.ifPresent(Lazy::get);
    var _ = policies();
  }

  /**
   * Opens all files in the background; a failure is reported again by {@link #open}. Not before the
   * spool is ours: another router may be writing to them.
   */
  public void openInBackground() {
    opening =
        Threads.startPlatform(
            "archives",
            () -> {
              try {
                open();
              } catch (RuntimeException e) {
                // The caller that waits for it opens it again, and reports the error.
              }
            });
  }

  /** Begins what goes on in the background. */
  public void start() {
    policies().ifPresent(StsPolicyCache::start);
  }

  /** Puts another configuration in force, as far as it can change while the router runs. */
  public void use(RouterSettings next, CertificateAuthorities roots) {
    authorities = roots;
    PersistentLedger book = ledger.ifCreated();
    if (book != null) {
      book.use(next.ledger());
    }
    ReceiptLog written = receipts.map(Lazy::ifCreated).orElse(null);
    if (written != null) {
      next.receipts().ifPresent(written::use);
    }
  }

  /** The evidence about domains for one configuration. */
  public EvidenceGatherer evidence(RouterSettings now) {
    List<EvidenceSource> published = new ArrayList<>();
    published.add(
        new DaneSource(
            resolver,
            new HostAddresses.Families(now.deliver().ipv4(), now.deliver().ipv6()),
            clock));
    Optional<StsPolicyCache> sts = policies();
    sts.ifPresent(p -> published.add(new StsSource(p)));
    published.add(new LedgerSource(ledger()));
    return new EvidenceGatherer(
        published, domain -> sts.map(p -> p.recheck(domain)), resolver::forget);
  }

  /**
   * What records deliveries.
   *
   * @param sessions gets what every connection shows, for TLS reports
   */
  public DeliveryRecorder recorder(TlsSessionListener sessions) {
    return new DeliveryRecorder(
        log,
        ledger(),
        ledger().hostMemories(),
        receipts.<Receipts>map(Lazy::get).orElse(Receipts.none()),
        sessions);
  }

  /** What is known of named peers; nothing yet. */
  public PeerIdentities peerIdentities(PeerVerifier judge) {
    return new PeerIdentities(
        resolver,
        new DaneSource(resolver, new HostAddresses.Families(true, true), clock),
        (domain, since) -> ledger().proven(domain, since),
        judge,
        clock,
        random,
        log);
  }

  @Override
  public void close() throws IOException {
    Thread opener = opening;
    try {
      if (opener != null) {
        opener.join(); // else it opens the others after this
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    StsPolicyCache sts = policies.map(Lazy::ifCreated).orElse(null);
    PersistentLedger book = ledger.ifCreated();
    ReceiptLog written = receipts.map(Lazy::ifCreated).orElse(null);
    // Closed from the last to the first: the ledger last, for it records the end of a policy.
    SrsTokenStore senders = forwardSenders.ifCreated();
    try (senders;
        book;
        written;
        sts) {
      log.note("app", "closing the ledger, receipts and policies");
    }
  }
}

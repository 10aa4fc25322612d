package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.https.HttpsEndpoint;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.reports.inbox.ReportInbox;
import org.sealwax.router.reports.received.ReceivedReportSettings;
import org.sealwax.router.reports.received.ReceivedReportStore;
import org.sealwax.router.reports.received.ReportIntake;
import org.sealwax.router.reports.received.ReportListener;
import org.sealwax.router.reports.received.ReportListenerSettings;
import org.sealwax.router.reports.received.TlsReportReader;
import org.sealwax.router.reports.received.TlsReportsInRow;

/**
 * Reports from others about our domains: the store, the inbox, and the listener for reports by
 * POST.
 */
public final class IncomingTlsReports implements Closeable {
  /** How long a report waits for the DNS or the disk, at most. */
  private static final Duration PATIENCE = Duration.ofDays(1);

  private final @Nullable Lazy<ReportReceivers> receivers;
  private final RouterSettings settings;
  private final Supplier<RouterSettings> currentSettings;
  private final Resolver resolver;
  private final Supplier<TlsServer> tls;
  private final HttpsEndpoint policies;
  private final Clock clock;
  private final MailLog log;
  private @Nullable TcpListener listener;

  private record ReportReceivers(
      ReceivedReportStore store, ReportIntake intake, ReportInbox inbox) {}

  /**
   * Opens nothing yet.
   *
   * @param settings those in force at the start
   * @param currentSettings those in force now: they say which domains are ours
   * @param tls of the listener for reports by POST
   * @param policies pages of our policy hosts, where they have the same address
   */
  public IncomingTlsReports(
      RouterSettings settings,
      Supplier<RouterSettings> currentSettings,
      Resolver resolver,
      Supplier<TlsServer> tls,
      HttpsEndpoint policies,
      Clock clock,
      MailLog log) {
    this.settings = settings;
    this.currentSettings = currentSettings;
    this.resolver = resolver;
    this.tls = tls;
    this.policies = policies;
    this.clock = clock;
    this.log = log;
    this.receivers =
        settings
            .tlsReportsIn()
            .map(
                row ->
                    Lazy.opened(
                        "the folder of received TLS reports cannot be used", () -> open(row)))
            .orElse(null);
  }

  /**
   * Opens its folder.
   *
   * @throws UncheckedIOException when it cannot be used
   */
  public void open() {
    if (receivers != null) {
      var _ = receivers.get();
    }
  }

  /** Where the reports of a state folder are. */
  public static Path storeFolder(Path state) {
    return state.resolve("tlsrpt-received");
  }

  private ReportReceivers open(TlsReportsInRow row) throws IOException {
    ReceivedReportSettings storage = row.storage(storeFolder(settings.server().state()));
    ReceivedReportStore store = ReceivedReportStore.open(storage, log);
    store.removeOld(clock.now());
    ReportIntake intake = new ReportIntake(this::isOurs, store, clock);
    Duration half = settings.queue().schedule().lifetime().dividedBy(2);
    ReportInbox inbox =
        new ReportInbox(
            TlsReportReader.NAME,
            storage.folder().resolve("aside"),
            half.compareTo(PATIENCE) < 0 ? half : PATIENCE,
            new TlsReportReader(intake, resolver, PublicSuffixList.bundled(), clock),
            clock,
            log);
    return new ReportReceivers(store, intake, inbox);
  }

  /** The domains of the configuration in force, and what is below them. */
  private boolean isOurs(Domain domain) {
    var forward = currentSettings.get().forward();
    return forward.aliasDomains().stream()
            .anyMatch(row -> domain.equals(row.domain()) || domain.isBelow(row.domain()))
        || forward.relayDomains().stream()
            .anyMatch(row -> domain.equals(row.domain()) || domain.isBelow(row.domain()));
  }

  /** Reads the reports of a consignment, or defers them where none are read. */
  public Map<Long, Outcome> read(Consignment consignment) throws InterruptedException {
    Lazy<ReportReceivers> late = receivers;
    if (late != null) {
      return late.get().inbox().deliver(consignment);
    }
    Outcome waits =
        new Outcome.Deferred(
            new FailureCause(
                "tlsrpt",
                EnhancedStatus.of("4.3.5"),
                "TLS reports are not read: [tlsrpt_in] is not set, or needs a restart",
                null,
                null,
                FailureCause.Extent.NEXT_HOP));
    return consignment.outcomes(r -> waits);
  }

  /**
   * Begins to listen, where that is configured, and to be counted.
   *
   * @throws IOException when the address is not available
   * @throws UncheckedIOException when the folder cannot be used
   */
  public void start(Counters counters) throws IOException {
    Lazy<ReportReceivers> late = receivers;
    if (late == null) {
      return;
    }
    ReportReceivers made = late.get();
    counters.gauge("sealwax_tls_reports", "Stored TLS reports", made.store()::size);
    Optional<ReportListenerSettings> settings = listenerSettings();
    if (settings.isPresent()) {
      listener =
          ReportListener.open(
              settings.get(), tls.get(), made.intake(), shared(settings.get()), clock, log);
      log.note(
          "tlsrpt", "accepts TLS reports by POST at " + ListenAddress.text(listener.address()));
    }
  }

  /** What else is at the same address. */
  private List<HttpsEndpoint> shared(ReportListenerSettings own) {
    return settings.policyAddress().equals(Optional.of(own.address()))
        ? List.of(policies)
        : List.of();
  }

  private Optional<ReportListenerSettings> listenerSettings() {
    return settings.tlsReportsIn().flatMap(TlsReportsInRow::listener);
  }

  /** Where it is to listen; empty: nowhere. */
  public Optional<InetSocketAddress> listenAddress() {
    return listenerSettings().map(ReportListenerSettings::address);
  }

  /** Where it listens; empty when it does not. */
  public Optional<InetSocketAddress> address() {
    return Optional.ofNullable(listener).map(TcpListener::address);
  }

  @Override
  public void close() throws IOException {
    TcpListener made = listener;
    if (made != null) {
      made.close();
    }
  }
}

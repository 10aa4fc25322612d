package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tlsrpt.TlsSessionListener;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.config.ServerSettings;
import org.sealwax.router.dkim.DkimKeyFile;
import org.sealwax.router.dkim.SigningPolicy;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.reports.ReportSettings;
import org.sealwax.router.reports.TlsReportRow;
import org.sealwax.router.reports.TlsReporter;

/** TLS reports to other domains, made once the first session is to be counted. */
public final class OutgoingTlsReports implements Closeable {
  private final @Nullable Lazy<TlsReporter> reporter;

  /**
   * Opens nothing yet.
   *
   * @param settings those in force at the start
   * @param domainStores for the certificate authorities and the MTA-STS policies
   * @param intake of the queue, for reports by mail
   * @param signing keys of the configuration in force
   */
  public OutgoingTlsReports(
      RouterSettings settings,
      DomainStores domainStores,
      Intake intake,
      Supplier<SigningPolicy> signing,
      Resolver resolver,
      Clock clock,
      RandomSource random,
      MailLog log) {
    TlsReportRow row = settings.tlsReports().orElse(null);
    this.reporter =
        row == null
            ? null
            : Lazy.opened(
                "TLS reports cannot be sent",
                () ->
                    new TlsReporter(
                        settings(row, settings.server(), signing),
                        resolver,
                        domainStores.https(),
                        intake,
                        domain -> policyLines(domainStores, domain),
                        clock,
                        random,
                        log));
  }

  private static ReportSettings settings(
      TlsReportRow row, ServerSettings server, Supplier<SigningPolicy> signing) throws IOException {
    Mailbox contact = row.contact().orElseThrow();
    return new ReportSettings(
        row.organization(),
        contact,
        server.hostname(),
        server.state().resolve("tlsrpt"),
        row.period(),
        row.spread(),
        keys(row, contact, signing),
        ReportSettings.DOMAINS);
  }

  private static List<String> policyLines(DomainStores stores, Domain domain) {
    return stores
        .policies()
        .flatMap(p -> p.inForce(domain))
        .map(kept -> kept.policy().text().lines().limit(LINES).toList())
        .orElse(List.of());
  }

  /** The key of the table for reports, or those that sign the mail of the contact's domain. */
  private static Function<Instant, List<DkimSigningKey>> keys(
      TlsReportRow row, Mailbox contact, Supplier<SigningPolicy> signing) throws IOException {
    if (row.dkim().isPresent()) {
      TlsReportRow.DkimKey own = row.dkim().get();
      DkimSigningKey key = DkimKeyFile.read(own.domain(), own.selector(), own.file());
      return now -> List.of(key);
    }
    return now ->
        contact.domain() instanceof Domain domain ? signing.get().ownKeys(domain, now) : List.of();
  }

  /** Lines of a policy that a report quotes: an honest policy has a dozen. */
  private static final int LINES = 100;

  /** Gets the results of sessions. */
  public TlsSessionListener sessionListener() {
    Lazy<TlsReporter> late = reporter;
    return late == null
        ? TlsSessionListener.NONE
        : (domain, results) -> late.get().session(domain, results);
  }

  /**
   * Opens its files.
   *
   * @throws UncheckedIOException when the key or the folder cannot be used
   */
  public void open() {
    if (reporter != null) {
      var _ = reporter.get();
    }
  }

  /** Begins to keep and send. */
  public void start() {
    if (reporter != null) {
      reporter.get().start();
    }
  }

  @Override
  public void close() {
    TlsReporter made = reporter == null ? null : reporter.ifCreated();
    if (made != null) {
      made.close();
    }
  }
}

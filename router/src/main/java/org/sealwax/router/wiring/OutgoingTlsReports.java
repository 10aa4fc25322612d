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
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tlsrpt.TlsSessionListener;
import org.sealwax.router.config.RouterSettings;
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
      Lazy<TlsClient> tls,
      Clock clock,
      RandomSource random,
      MailLog log) {
    this.reporter =
        settings.tlsReports().isEmpty()
            ? null
            : new Lazy<>(
                () ->
                    open(
                        settings,
                        domainStores,
                        intake,
                        signing,
                        resolver,
                        tls,
                        clock,
                        random,
                        log));
  }

  private static TlsReporter open(
      RouterSettings settings,
      DomainStores domainStores,
      Intake intake,
      Supplier<SigningPolicy> signing,
      Resolver resolver,
      Lazy<TlsClient> tls,
      Clock clock,
      RandomSource random,
      MailLog log) {
    TlsReportRow row = settings.tlsReports().orElseThrow();
    try {
      Mailbox contact = row.contact().orElseThrow();
      return TlsReporter.open(
          new ReportSettings(
              row.organization(),
              contact,
              settings.server().hostname(),
              settings.server().state().resolve("tlsrpt"),
              row.period(),
              row.spread(),
              keys(row, contact, signing),
              ReportSettings.DOMAINS),
          resolver,
          new HttpsClient(
              resolver,
              SystemDialer.guarded(settings.dialer()),
              (wire, offer, total) -> tls.get().connect(wire, offer, total),
              domainStores::roots,
              clock),
          intake,
          domain ->
              domainStores
                  .policies()
                  .flatMap(p -> p.inForce(domain))
                  .map(kept -> kept.policy().text().lines().limit(LINES).toList())
                  .orElse(List.of()),
          clock,
          random,
          log);
    } catch (IOException e) {
      throw new UncheckedIOException("TLS reports cannot be sent: " + FailureText.of(e), e);
    }
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

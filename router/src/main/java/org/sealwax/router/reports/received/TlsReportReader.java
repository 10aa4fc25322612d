package org.sealwax.router.reports.received;

import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.reports.inbox.DkimVerification;
import org.sealwax.router.reports.inbox.ReportReader;

/** Takes TLS reports that come by mail (RFC 8460 section 5.3); thread-safe. */
public final class TlsReportReader implements ReportReader {
  /** In outcomes and the log. */
  public static final String NAME = "tlsrpt";

  private final ReportIntake intake;
  private final Resolver resolver;
  private final PublicSuffixList suffixes;
  private final Clock clock;

  /**
   * A reader.
   *
   * @param resolver for the keys of signatures
   * @param suffixes public suffixes, for the domains of one organisation
   */
  public TlsReportReader(
      ReportIntake intake, Resolver resolver, PublicSuffixList suffixes, Clock clock) {
    this.intake = intake;
    this.resolver = resolver;
    this.suffixes = suffixes;
    this.clock = clock;
  }

  @Override
  public ReadingResult read(Consignment consignment, byte[] message) throws InterruptedException {
    return switch (ReportExtraction.in(message)) {
      case ReportExtraction.ExtractionResult.NoReportFound none ->
          new ReadingResult.NoReport(none.why());
      case ReportExtraction.ExtractionResult.ReportFound report -> taken(message, report);
    };
  }

  private ReadingResult taken(byte[] message, ReportExtraction.ExtractionResult.ReportFound report)
      throws InterruptedException {
    return switch (DkimVerification.of(message, resolver, suffixes, clock.now())) {
      case DkimVerification.NotSigned not -> new ReadingResult.NoReport(not.why());
      case DkimVerification.KeyLookupFailed not -> new ReadingResult.Later(not.why());
      case DkimVerification.Signed signed -> {
        ReportOrigin origin =
            new ReportOrigin(ReportOrigin.ReportTransport.MAIL, signed.by().name());
        yield switch (intake.accept(report.bytes(), report.packed(), origin)) {
          case ReportIntakeResult.Stored stored ->
              new ReadingResult.Taken(false, ReceivedReportLog.kept(stored));
          case ReportIntakeResult.Duplicate d ->
              new ReadingResult.Taken(true, "a report that was received before");
          case ReportIntakeResult.Refused refused -> new ReadingResult.NoReport(refused.why());
          case ReportIntakeResult.StoreUnavailable not -> new ReadingResult.Later(not.why());
        };
      }
    };
  }
}

package org.sealwax.router.reports.received;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.tlsrpt.SessionCounts;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.mail.tlsrpt.TlsReportParse;
import org.sealwax.router.reports.inbox.UnpackedInput;

/**
 * Judges what should be a report and keeps it, by whichever way it came. Thread-safe; one at a
 * time, so that a flood of large ones needs the memory of one.
 */
public final class ReportIntake {
  /** How far ahead of our clock a report may end: its day is over when it is sent. */
  private static final Duration AHEAD = Duration.ofDays(1);

  /** The longest period that a report may cover; RFC 8460 section 4.1 requires a day. */
  private static final Duration LONGEST = Duration.ofDays(8);

  private final ReentrantLock one = new ReentrantLock(true);
  private final Predicate<Domain> ownDomains;
  private final ReceivedReportStore store;
  private final Clock clock;

  /**
   * An intake.
   *
   * @param local whether reports about a domain are wanted
   */
  public ReportIntake(Predicate<Domain> local, ReceivedReportStore store, Clock clock) {
    this.ownDomains = local;
    this.store = store;
    this.clock = clock;
  }

  /**
   * Takes a report.
   *
   * @param bytes as they came, at most {@link TlsReportJson#MAX_BYTES}
   * @param packed whether they are gzip (RFC 8460 section 5.2)
   * @throws InterruptedException while waiting for others
   */
  public ReportIntakeResult accept(byte[] bytes, boolean packed, ReportOrigin origin)
      throws InterruptedException {
    one.lockInterruptibly();
    try {
      return judge(bytes, packed, origin);
    } finally {
      one.unlock();
    }
  }

  private ReportIntakeResult judge(byte[] bytes, boolean packed, ReportOrigin origin) {
    byte[] json = bytes;
    if (packed) {
      try (InputStream gzip = UnpackedInput.gzip(bytes, TlsReportJson.MAX_BYTES)) {
        json = gzip.readAllBytes();
      } catch (UnpackedInput.TooLargeException e) {
        return new ReportIntakeResult.Refused(FailureText.of(e));
      } catch (IOException e) {
        return new ReportIntakeResult.Refused("not gzip, or damaged");
      }
    }
    return switch (TlsReportJson.reading(json)) {
      case TlsReportParse.UnreadableReport u -> new ReportIntakeResult.Refused(u.why());
      case TlsReportParse.ReadReport read -> {
        ReportIntakeResult verdict = judge(read.report(), origin);
        yield verdict instanceof ReportIntakeResult.Stored stored
            ? new ReportIntakeResult.Stored(stored.report(), read.leftOut())
            : verdict;
      }
    };
  }

  private ReportIntakeResult judge(TlsReport report, ReportOrigin origin) {
    Instant now = clock.now();
    if (report.end().isAfter(now.plus(AHEAD))) {
      return new ReportIntakeResult.Refused("about a time in the future");
    }
    if (Duration.between(report.begin(), report.end()).compareTo(LONGEST) > 0) {
      return new ReportIntakeResult.Refused("about more than " + LONGEST.toDays() + " days");
    }
    if (store.isTooOld(report.begin(), now)) {
      return new ReportIntakeResult.Refused("older than the retention of reports");
    }
    List<SessionCounts.PolicySummary> about =
        report.sums().stream().filter(sum -> ownDomains.test(sum.policy().domain())).toList();
    if (about.isEmpty()) {
      return new ReportIntakeResult.Refused("not about a domain of this server");
    }
    return store.keep(
        new ReceivedReport(
            now,
            origin,
            new TlsReport(
                report.organization(),
                report.contact(),
                report.id(),
                about.getFirst().policy().domain(),
                report.begin(),
                report.end(),
                about)));
  }
}

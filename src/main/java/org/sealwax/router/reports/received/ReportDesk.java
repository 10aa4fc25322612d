package org.sealwax.router.reports.received;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tlsrpt.Report;
import org.sealwax.mail.tlsrpt.ReportForm;
import org.sealwax.mail.tlsrpt.ReportReading;
import org.sealwax.mail.tlsrpt.Tally;

/**
 * Judges what should be a report and keeps it, by whichever way it came. Thread-safe; one at a
 * time, so that a flood of large ones needs the memory of one.
 */
public final class ReportDesk {
  /** How far ahead of our clock a report may end: its day is over when it is sent. */
  private static final Duration AHEAD = Duration.ofDays(1);

  /** The longest period that a report may cover; RFC 8460 section 4.1 wants a day. */
  private static final Duration LONGEST = Duration.ofDays(8);

  private final ReentrantLock one = new ReentrantLock(true);
  private final Predicate<Domain> ours;
  private final ReportShelf shelf;
  private final Clock clock;

  /**
   * A desk.
   *
   * @param ours whether reports about a domain are wanted
   */
  public ReportDesk(Predicate<Domain> ours, ReportShelf shelf, Clock clock) {
    this.ours = ours;
    this.shelf = shelf;
    this.clock = clock;
  }

  /**
   * Takes a report.
   *
   * @param octets as they came, at most {@link ReportForm#MAX_OCTETS}
   * @param packed whether they are gzip (RFC 8460 section 5.2)
   * @throws InterruptedException while waiting for others
   */
  public Verdict take(byte[] octets, boolean packed, Origin origin) throws InterruptedException {
    one.lockInterruptibly();
    try {
      return judge(octets, packed, origin);
    } finally {
      one.unlock();
    }
  }

  private Verdict judge(byte[] octets, boolean packed, Origin origin) {
    byte[] json = octets;
    if (packed) {
      try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(octets))) {
        // One more than is taken: a bomb is told by it, and costs no more than a large report.
        json = gzip.readNBytes(ReportForm.MAX_OCTETS + 1);
      } catch (IOException e) {
        return new Verdict.Refused("not gzip, or damaged");
      }
      if (json.length > ReportForm.MAX_OCTETS) {
        return new Verdict.Refused(
            "unpacked it has more than " + ReportForm.MAX_OCTETS + " octets");
      }
    }
    return switch (ReportForm.reading(json)) {
      case ReportReading.Unreadable u -> new Verdict.Refused(u.why());
      case ReportReading.Read read -> {
        Verdict verdict = judge(read.report(), origin);
        yield verdict instanceof Verdict.Kept kept
            ? new Verdict.Kept(kept.report(), read.leftOut())
            : verdict;
      }
    };
  }

  private Verdict judge(Report report, Origin origin) {
    Instant now = clock.now();
    if (report.end().isAfter(now.plus(AHEAD))) {
      return new Verdict.Refused("about a time to come");
    }
    if (Duration.between(report.begin(), report.end()).compareTo(LONGEST) > 0) {
      return new Verdict.Refused("about more than " + LONGEST.toDays() + " days");
    }
    if (shelf.isTooOld(report.begin(), now)) {
      return new Verdict.Refused("older than what is kept");
    }
    List<Tally.Sum> about =
        report.sums().stream().filter(sum -> ours.test(sum.policy().domain())).toList();
    if (about.isEmpty()) {
      return new Verdict.Refused("about no domain of ours");
    }
    return shelf.keep(
        new ReceivedReport(
            now,
            origin,
            new Report(
                report.organization(),
                report.contact(),
                report.id(),
                about.getFirst().policy().domain(),
                report.begin(),
                report.end(),
                about)));
  }
}

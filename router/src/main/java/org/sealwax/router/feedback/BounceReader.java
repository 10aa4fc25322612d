package org.sealwax.router.feedback;

import java.io.IOException;
import java.io.InputStream;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.feedback.FeedbackStore.ReportKey;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.reports.inbox.UnpackedInput;

/**
 * Reads the reports in bounces that go back to the sender of a forward. Their delivery does not
 * depend on it: what cannot be read or counted is noted, and the bounce goes on. Thread-safe.
 */
public final class BounceReader {
  /** Bytes of a message that are read: the report stands before the returned message. */
  static final int MAX_BYTES = 512 * 1024;

  private final FeedbackCounting counting;
  private final PublicSuffixList suffixes;
  private final Clock clock;
  private final MailLog log;

  /**
   * A reader.
   *
   * @param counting where bounces are counted
   * @param suffixes public suffixes, for the domain of a reporting host
   */
  public BounceReader(
      FeedbackCounting counting, PublicSuffixList suffixes, Clock clock, MailLog log) {
    this.counting = counting;
    this.suffixes = suffixes;
    this.clock = clock;
    this.log = log;
  }

  /** Reads the report in a message to a rewritten sender. */
  public void read(Consignment consignment) {
    try (InputStream in = consignment.content().open();
        InputStream limited = UnpackedInput.plain(in, MAX_BYTES)) {
      switch (BounceReport.in(limited)) {
        case ReportParse.Unreadable<BounceReport> u -> counting.failed(FeedbackKind.BOUNCE);
        case ReportParse.Report<BounceReport>(BounceReport report) ->
            count(report, consignment.id().text());
      }
    } catch (IOException e) {
      log.storeTrouble("a bounce is not counted: " + FailureText.of(e), e);
    } catch (RuntimeException | StackOverflowError e) {
      log.bug("bounce " + consignment.id(), e);
    }
  }

  private void count(BounceReport report, String id) throws IOException {
    LocalDate today = LocalDate.ofInstant(clock.now(), ZoneOffset.UTC);
    ReportSource source =
        report
            .reporter()
            .flatMap(suffixes::registrable)
            .map(domain -> new ReportSource(domain.name()))
            .orElse(ReportSource.OTHER);
    Map<FeedbackCount, Long> times = new HashMap<>();
    for (BounceReport.BouncedRecipient recipient : report.recipients()) {
      AliasTarget about = counting.aliases().of(report.aliases(), recipient.address());
      times.merge(
          new FeedbackCount(
              today,
              FeedbackKind.BOUNCE,
              about,
              source,
              recipient.action() + " " + recipient.status(),
              0),
          1L,
          Long::sum);
    }
    List<FeedbackCount> counts = new ArrayList<>();
    times.forEach(
        (c, n) ->
            counts.add(new FeedbackCount(c.day(), c.kind(), c.about(), c.source(), c.detail(), n)));
    counting.count(new ReportKey(FeedbackKind.BOUNCE, source, id), counts);
  }
}

package org.sealwax.router.feedback;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.feedback.AggregateReport.AggregateRow;
import org.sealwax.router.feedback.FeedbackStore.ReportKey;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.reports.inbox.DkimVerification;
import org.sealwax.router.reports.inbox.MimeParts;
import org.sealwax.router.reports.inbox.ReportReader;
import org.sealwax.router.reports.inbox.UnpackedInput;

/**
 * Takes abuse reports and DMARC aggregate reports that come by mail. The source of a report is the
 * domain that signed it; unsigned reports count too, as those of one source. Thread-safe.
 */
public final class FeedbackReader implements ReportReader {
  /** In outcomes and the log. */
  public static final String NAME = "feedback";

  /** How far ahead of our clock a DMARC report may end: its day is over when it is sent. */
  private static final Duration AHEAD = Duration.ofDays(1);

  /** The longest period that a DMARC report may cover; a day is usual. */
  private static final Duration LONGEST = Duration.ofDays(8);

  private final FeedbackCounting counting;
  private final Predicate<Domain> ownDomains;
  private final Resolver resolver;
  private final PublicSuffixList suffixes;
  private final Clock clock;

  /**
   * A reader.
   *
   * @param counting where reports are counted
   * @param ownDomains whether DMARC reports about a domain are wanted
   * @param resolver for the keys of signatures
   * @param suffixes public suffixes, for the domains of one organisation
   */
  public FeedbackReader(
      FeedbackCounting counting,
      Predicate<Domain> ownDomains,
      Resolver resolver,
      PublicSuffixList suffixes,
      Clock clock) {
    this.counting = counting;
    this.ownDomains = ownDomains;
    this.resolver = resolver;
    this.suffixes = suffixes;
    this.clock = clock;
  }

  @Override
  public ReadingResult read(Consignment consignment, byte[] message) {
    ReportAttachment found = ReportAttachment.in(message);
    if (found.isAbuse) {
      return switch (AbuseReport.in(new ByteArrayInputStream(message))) {
        case ReportParse.Unreadable<AbuseReport>(String why) -> none(FeedbackKind.ABUSE, why);
        case ReportParse.Report<AbuseReport>(AbuseReport report) ->
            signer(message, source -> abuse(report, source, consignment.id().text()));
      };
    }
    byte[] packed = found.packed;
    if (packed == null || found.flaw.isPresent()) {
      return new ReadingResult.NoReport(found.flaw.orElse("no report in it"));
    }
    return switch (aggregate(packed)) {
      case ReportParse.Unreadable<AggregateReport>(String why) -> none(FeedbackKind.DMARC, why);
      case ReportParse.Report<AggregateReport>(AggregateReport report) -> {
        Optional<String> flaw = flaw(report);
        yield flaw.isPresent()
            ? none(FeedbackKind.DMARC, flaw.get())
            : signer(message, source -> dmarc(report, source));
      }
    };
  }

  private ReadingResult none(FeedbackKind kind, String why) {
    counting.failed(kind);
    return new ReadingResult.NoReport(why);
  }

  private interface SourcedReading {
    ReadingResult by(ReportSource source);
  }

  private ReadingResult signer(byte[] message, SourcedReading reading) {
    return switch (DkimVerification.of(message, resolver, suffixes, clock.now())) {
      case DkimVerification.Signed signed -> reading.by(new ReportSource(signed.by().name()));
      case DkimVerification.NotSigned not -> reading.by(ReportSource.UNSIGNED);
      case DkimVerification.KeyLookupFailed not -> new ReadingResult.Later(not.why());
    };
  }

  /** What may be a report in a message. */
  private static final class ReportAttachment implements MimeParts.PartReader {
    private boolean isAbuse;
    private byte @Nullable [] packed;
    private Optional<String> flaw = Optional.empty();

    static ReportAttachment in(byte[] message) {
      ReportAttachment found = new ReportAttachment();
      Optional<String> flaw = MimeParts.each(new ByteArrayInputStream(message), found);
      if (found.flaw.isEmpty()) {
        found.flaw = flaw;
      }
      return found;
    }

    @Override
    public boolean read(MimeParts.MimePart part) throws IOException {
      return switch (part.type()) {
        case AbuseReport.PART -> {
          isAbuse = true;
          yield false;
        }
        // RFC 9990 has the first; the others are what reporters write.
        case "application/gzip",
            "application/x-gzip",
            "application/zip",
            "application/x-zip-compressed",
            "application/x-zip",
            "application/octet-stream",
            "application/xml",
            "text/xml" ->
            take(part);
        default -> true;
      };
    }

    private boolean take(MimeParts.MimePart part) throws IOException {
      if (packed != null) {
        flaw = Optional.of("more than one report");
        return false;
      }
      byte[] content = part.content(AggregateReportXml.MAX_BYTES + 1);
      if (content.length > AggregateReportXml.MAX_BYTES) {
        flaw = Optional.of("a report over " + AggregateReportXml.MAX_BYTES + " bytes");
        return false;
      }
      packed = content;
      return true;
    }
  }

  /** By its first bytes: its type and its name are not always right. */
  static ReportParse<AggregateReport> aggregate(byte[] packed) {
    int first = packed.length > 1 ? (packed[0] & 0xff) << 8 | (packed[1] & 0xff) : 0;
    try (InputStream xml =
        switch (first) {
          case 0x1f8b -> UnpackedInput.gzip(packed, AggregateReportXml.MAX_BYTES);
          case 0x504b -> UnpackedInput.zip(packed, AggregateReportXml.MAX_BYTES);
          default ->
              UnpackedInput.plain(new ByteArrayInputStream(packed), AggregateReportXml.MAX_BYTES);
        }) {
      return AggregateReportXml.read(xml);
    } catch (IOException e) {
      return new ReportParse.Unreadable<>("a damaged archive");
    }
  }

  private LocalDate today() {
    return day(clock.now());
  }

  private static LocalDate day(Instant time) {
    return LocalDate.ofInstant(time, ZoneOffset.UTC);
  }

  private Optional<String> flaw(AggregateReport report) {
    if (!ownDomains.test(report.domain())) {
      return Optional.of("not about a domain of this server");
    }
    if (report.end().isAfter(clock.now().plus(AHEAD))) {
      return Optional.of("about a time in the future");
    }
    if (Duration.between(report.begin(), report.end()).compareTo(LONGEST) > 0) {
      return Optional.of("about more than " + LONGEST.toDays() + " days");
    }
    return day(report.begin()).isBefore(today().minusDays(counting.keep().toDays()))
        ? Optional.of("older than the retention of reports")
        : Optional.empty();
  }

  private ReadingResult dmarc(AggregateReport report, ReportSource source) {
    List<FeedbackCount> counts = new ArrayList<>();
    long messages = 0;
    for (Map.Entry<AggregateRow, Long> one : report.messages().entrySet()) {
      messages += one.getValue();
      counts.add(
          new FeedbackCount(
              day(report.begin()),
              FeedbackKind.DMARC,
              AliasTarget.alias(report.domain().name()).to(source.name()),
              one.getKey().source(),
              one.getKey().evaluation().detail(),
              one.getValue()));
    }
    return counted(
        new ReportKey(FeedbackKind.DMARC, source, report.organization() + "\n" + report.id()),
        counts,
        "DMARC report about "
            + report.domain()
            + " by "
            + Printable.of(report.organization())
            + " ("
            + source
            + "): "
            + CountText.of(messages, "message")
            + (report.leftOut() == 0 ? "" : "; rows left out: " + report.leftOut()));
  }

  private ReadingResult abuse(AbuseReport report, ReportSource source, String id) {
    Optional<Mailbox> target = report.targets().stream().findFirst();
    AliasTarget about = counting.aliases().of(report.aliases(), target);
    FeedbackCount count =
        new FeedbackCount(today(), FeedbackKind.ABUSE, about, source, report.type(), 1);
    return counted(
        new ReportKey(FeedbackKind.ABUSE, source, id),
        List.of(count),
        "abuse report by "
            + source
            + (about.alias().isEmpty() ? "" : " about mail for " + about.alias())
            + ": "
            + report.type());
  }

  private ReadingResult counted(ReportKey key, List<FeedbackCount> counts, String text) {
    try {
      return switch (counting.count(key, counts)) {
        case COUNTED -> new ReadingResult.Taken(false, text);
        case DUPLICATE -> new ReadingResult.Taken(true, "a report that was received before");
        case TOO_MANY ->
            new ReadingResult.NoReport("too many reports today, or of " + key.source() + " today");
      };
    } catch (IOException e) {
      return new ReadingResult.Later("the report cannot be counted: " + FailureText.of(e));
    }
  }
}

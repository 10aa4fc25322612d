package org.sealwax.router.feedback;

import static org.sealwax.router.feedback.SampleReports.bytes;
import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.ByteArrayInputStream;
import java.util.List;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Reports of any bytes: each has a named result, within its limits, and no exception. */
public final class FeedbackFuzzTargets {
  private FeedbackFuzzTargets() {}

  private static <T> void named(ReportParse<T> parse) {
    holds(!(parse instanceof ReportParse.Unreadable<T>(String why)) || !why.isEmpty(), "no reason");
  }

  /** All of them. */
  public static List<FuzzTarget> all() {
    byte[] xml = bytes(SampleReports.XML);
    return List.of(
        new FuzzTarget(
            "feedback-bounce",
            List.of(bytes(SampleReports.BOUNCE)),
            input -> {
              ReportParse<BounceReport> parse = BounceReport.in(new ByteArrayInputStream(input));
              named(parse);
              if (parse instanceof ReportParse.Report<BounceReport>(BounceReport report)) {
                holds(!report.recipients().isEmpty(), "no recipient");
                holds(report.recipients().size() <= StatusReport.MAX_GROUPS, "recipients");
                holds(report.aliases().size() <= StatusReport.MAX_ALIASES, "aliases");
              }
            }),
        new FuzzTarget(
            "feedback-abuse",
            List.of(bytes(SampleReports.ABUSE)),
            input -> {
              ReportParse<AbuseReport> parse = AbuseReport.in(new ByteArrayInputStream(input));
              named(parse);
              if (parse instanceof ReportParse.Report<AbuseReport>(AbuseReport report)) {
                holds(report.type().matches("[a-z-]+"), "type " + report.type());
                holds(report.targets().size() <= AbuseReport.MAX_TARGETS, "targets");
              }
            }),
        new FuzzTarget(
            "feedback-dmarc",
            List.of(
                xml,
                bytes(SampleReports.NAMESPACED),
                SampleReports.gzip(xml),
                SampleReports.zip(xml),
                bytes("<!DOCTYPE feedback [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>&x;")),
            input -> {
              ReportParse<AggregateReport> parse = FeedbackReader.aggregate(input);
              named(parse);
              if (parse instanceof ReportParse.Report<AggregateReport>(AggregateReport report)) {
                holds(report.messages().size() <= AggregateReport.MAX_ROWS, "rows");
                holds(report.organization().length() <= AggregateReport.MAX_NAME, "name");
                holds(report.id().length() <= AggregateReport.MAX_NAME, "id");
                holds(!report.organization().contains("root:"), "a file was read");
                for (var row : report.messages().entrySet()) {
                  holds(row.getKey().source().name().matches("[0-9a-f:.]+|other"), "source");
                  holds(
                      row.getValue() >= 0 && row.getValue() <= AggregateReport.MAX_COUNT, "count");
                }
              }
            }));
  }
}

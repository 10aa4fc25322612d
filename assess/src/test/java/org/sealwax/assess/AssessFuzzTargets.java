package org.sealwax.assess;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.sealwax.assess.baseline.BaselineComparison;
import org.sealwax.assess.baseline.BaselineReport;
import org.sealwax.assess.baseline.ComparisonText;
import org.sealwax.assess.baseline.MalformedBaseline;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.render.AssessmentReportJson;
import org.sealwax.assess.render.GradeBadge;
import org.sealwax.assess.render.ReportPage;
import org.sealwax.assess.review.TestWebServers;
import org.sealwax.assess.review.TlsRptReview;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.fuzz.FuzzTarget;
import tools.jackson.databind.json.JsonMapper;

/** What users name as targets, and texts of servers that are shown in reports. */
public final class AssessFuzzTargets {
  private static final JsonMapper MAPPER = new JsonMapper();

  private AssessFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "assess-target",
            AssessFuzzTargets::target,
            "example.org",
            "mx.example.org:465",
            "smtps://[2001:db8::1]:2465",
            "192.0.2.1:25"),
        FuzzTarget.ofTexts(
            "assess-tlsrpt",
            AssessFuzzTargets::reporting,
            "v=TLSRPTv1; rua=mailto:a@example.net,https://example.net/",
            "v=TLSRPTv1;rua=mailto:a@example.org"),
        FuzzTarget.ofTexts(
            "assess-baseline",
            AssessFuzzTargets::baseline,
            AssessmentReportJson.of(SampleReports.bad(), 0, false),
            "{\"schema\":1}"),
        FuzzTarget.ofTexts(
            "assess-report", AssessFuzzTargets::report, "plain", "<a href='x'>\u202e\"&\u0000"));
  }

  private static void target(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    org.sealwax.assess.model.AssessmentTarget.read(text)
        .ifPresent(
            t -> {
              String again = t.text();
              holds(
                  org.sealwax.assess.model.AssessmentTarget.read(again)
                      .map(org.sealwax.assess.model.AssessmentTarget::text)
                      .filter(again::equals)
                      .isPresent(),
                  again + " does not read as itself");
            });
  }

  private static void reporting(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    FixedResolver resolver = FixedResolver.builder().txt("_smtp._tls.example.org", text).build();
    TargetOverview all =
        new TargetOverview(
            org.sealwax.assess.model.AssessmentTarget.read("example.org").orElseThrow(),
            null,
            null,
            25,
            List.of(),
            List.of(),
            List.of(),
            AssessmentBudget.of(ScanDepth.QUICK),
            java.time.Duration.ofMinutes(1));
    List<Finding> found;
    try {
      found = new TlsRptReview(resolver, TestWebServers.answers(405)).ask(all).judge(all);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    holds(found.size() == 1, found.size() + " findings");
    boolean good =
        found.getFirst().outcome() == CheckOutcome.PASS
            || found.getFirst().outcome() == CheckOutcome.INFO;
    holds(!good || text.contains("rua"), "passed without an address");
  }

  /** A file is a report or is refused; whatever is in it, the comparison is text. */
  private static void baseline(byte[] input) {
    try {
      BaselineReport before = BaselineReport.read(new String(input, StandardCharsets.UTF_8));
      ComparisonText text = new ComparisonText(BaselineComparison.of(before, SampleReports.good()));
      holds(!text.section().toLowerCase(java.util.Locale.ROOT).contains("<script"), "a script");
      holds(text.plain().chars().noneMatch(c -> c < 0x20 && c != '\n'), "a control character");
    } catch (MalformedBaseline e) {
      holds(String.valueOf(e.getMessage()).matches("(is|has) .*"), "" + e.getMessage());
    }
  }

  /** Hostile text in a report: neither JSON nor page nor badge breaks, and nothing is markup. */
  private static void report(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    AssessmentReport sample = SampleReports.bad();
    Finding finding =
        Finding.of(Check.of("banner.time"), CheckOutcome.WARN, FindingLocation.domain(), text)
            .with(FindingEvidence.transcript(text))
            .advising(List.of(text));
    AssessmentReport report =
        new AssessmentReport(
            text,
            sample.depth(),
            sample.began(),
            sample.duration(),
            text,
            sample.rules(),
            sample.rulesHash(),
            sample.addresses(),
            sample.grade(),
            "",
            List.of(finding));
    String json = AssessmentReportJson.of(report);
    holds(json.indexOf('\n') < 0, "more than one line");
    holds(MAPPER.readTree(json).path("target").asString().equals(text), "the target changed");
    String page = ReportPage.of(report);
    holds(!page.toLowerCase(java.util.Locale.ROOT).contains("<script"), "a script");
    int body = page.indexOf("<main>");
    holds(
        page.substring(body).chars().noneMatch(c -> c < 0x20 && c != '\n' && c != '\t'),
        "a control character on the page");
    holds(!GradeBadge.of(report).contains("<script"), "a script in the badge");
  }
}

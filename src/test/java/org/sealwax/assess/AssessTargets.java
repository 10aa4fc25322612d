package org.sealwax.assess;

import static org.sealwax.mail.fuzz.Target.holds;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.sealwax.assess.model.Budget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.assess.model.Report;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.assess.render.Badge;
import org.sealwax.assess.render.ReportJson;
import org.sealwax.assess.render.ReportPage;
import org.sealwax.assess.review.ReportingReview;
import org.sealwax.assess.review.Webs;
import org.sealwax.mail.fuzz.Target;
import org.sealwax.testkit.dns.FixedResolver;
import tools.jackson.databind.json.JsonMapper;

/** What people point at, and what strangers say that ends in reports. */
public final class AssessTargets {
  private static final JsonMapper MAPPER = new JsonMapper();

  private AssessTargets() {}

  /** All of them. */
  public static List<Target> all() {
    return List.of(
        Target.ofTexts(
            "assess-target",
            AssessTargets::target,
            "example.org",
            "mx.example.org:465",
            "smtps://[2001:db8::1]:2465",
            "192.0.2.1:25"),
        Target.ofTexts(
            "assess-tlsrpt",
            AssessTargets::reporting,
            "v=TLSRPTv1; rua=mailto:a@example.net,https://example.net/",
            "v=TLSRPTv1;rua=mailto:a@example.org"),
        Target.ofTexts(
            "assess-report", AssessTargets::report, "plain", "<a href='x'>\u202e\"&\u0000"));
  }

  private static void target(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    org.sealwax.assess.model.Target.read(text)
        .ifPresent(
            t -> {
              String again = t.text();
              holds(
                  org.sealwax.assess.model.Target.read(again)
                      .map(org.sealwax.assess.model.Target::text)
                      .filter(again::equals)
                      .isPresent(),
                  again + " does not read as itself");
            });
  }

  private static void reporting(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    FixedResolver world = FixedResolver.builder().txt("_smtp._tls.example.org", text).build();
    Overview all =
        new Overview(
            org.sealwax.assess.model.Target.read("example.org").orElseThrow(),
            null,
            null,
            25,
            List.of(),
            List.of(),
            List.of(),
            Budget.of(Depth.QUICK),
            java.time.Duration.ofMinutes(1));
    List<Finding> found;
    try {
      found = new ReportingReview(world, Webs.answers(405)).ask(all).judge(all);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    holds(found.size() == 1, found.size() + " findings");
    boolean good =
        found.getFirst().outcome() == Outcome.PASS || found.getFirst().outcome() == Outcome.INFO;
    holds(!good || text.contains("rua"), "passed without an address");
  }

  /** Strangers' text in a report: neither JSON nor page nor badge breaks, and nothing is markup. */
  private static void report(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    Report sample = SampleReports.bad();
    Finding finding =
        Finding.of(Check.of("banner.time"), Outcome.WARN, Place.domain(), text)
            .with(Evidence.transcript(text))
            .advising(List.of(text));
    Report report =
        new Report(
            text,
            sample.depth(),
            sample.began(),
            sample.took(),
            text,
            sample.rules(),
            sample.rulesHash(),
            sample.stations(),
            sample.grade(),
            "",
            List.of(finding));
    String json = ReportJson.of(report);
    holds(json.indexOf('\n') < 0, "more than one line");
    holds(MAPPER.readTree(json).path("target").asString().equals(text), "the target changed");
    String page = ReportPage.of(report);
    holds(!page.toLowerCase(java.util.Locale.ROOT).contains("<script"), "a script");
    int body = page.indexOf("<main>");
    holds(
        page.substring(body).chars().noneMatch(c -> c < 0x20 && c != '\n' && c != '\t'),
        "a control character on the page");
    holds(!Badge.of(report).contains("<script"), "a script in the badge");
  }
}

package org.sealwax.router.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tlsrpt.AppliedPolicy;
import org.sealwax.router.certs.StatusItem;
import org.sealwax.router.certs.StatusTopic;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.StatusReport;
import org.sealwax.router.reports.received.ReportOrigin;
import org.sealwax.router.reports.received.ReportSummary;
import org.sealwax.testkit.dns.FixedResolver;
import tools.jackson.databind.JsonNode;

/** What status shows about a domain by its records and by received reports. */
final class DomainStatusTest {
  @TempDir private Path folder = Path.of("");

  private List<StatusItem> items(FixedResolver resolver) throws Exception {
    String text =
        """
        [[relay_domain]]
        domain = "example.org"
        next_hop = "[127.0.0.1]:1"
        accept_all = true
        [[relay_domain]]
        domain = "example.com"
        next_hop = "[127.0.0.1]:1"
        accept_all = true
        """;
    Configuration.ValidConfiguration valid =
        assertInstanceOf(
            Configuration.ValidConfiguration.class,
            Configuration.parse(
                text, folder, "test", new MachineDefaults(Domain.of("mx.example.org"), folder)));
    return new DomainStatus(
            valid.settings(), resolver, name -> Map.of(), Optional::empty, Clock.system())
        .items();
  }

  private static Map<String, Object> sts(List<StatusItem> items, String domain) {
    return items.stream()
        .filter(i -> i.topic() == StatusTopic.MTA_STS && i.subject().name().equals(domain))
        .findFirst()
        .orElseThrow()
        .values();
  }

  @Test
  void recordOfMtaStsIsReadForEachDomain() throws Exception {
    List<StatusItem> items =
        items(
            FixedResolver.builder()
                .txt("_mta-sts.example.org", "v=STSv1; id=20270101;")
                .txt("_mta-sts.example.com", "v=STSv1; id=1;")
                .txt("_mta-sts.example.com", "v=STSv1; id=2;")
                .fails("_mta-sts.mx.example.org")
                .build());
    assertEquals("20270101", sts(items, "example.org").get("id"));
    assertEquals("none", sts(items, "example.com").get("mode"));
    assertEquals("unknown", sts(items, "mx.example.org").get("mode"));
    assertEquals(
        List.of("publish one record at _mta-sts.example.com"),
        items.stream().flatMap(i -> i.action().stream()).toList());
  }

  @Test
  void reportHasWhatNeedsAPersonFirst() throws Exception {
    List<StatusItem> items =
        List.of(
            StatusItem.of(Domain.of("a.example"), StatusTopic.KEY, "fine").with("bits", 256L),
            StatusItem.of(Domain.of("b.example"), StatusTopic.TLSA, "differs").needs("publish"));
    JsonNode report = StatusReport.of(true, List.of(() -> items));
    assertEquals(1, report.path("attention").size());
    assertEquals("publish", report.path("attention").get(0).path("action").asString(""));
    assertEquals(256, report.path("status").get(0).path("bits").asInt());
    assertEquals(
        List.of("a.example", "b.example"), List.copyOf(StatusReport.bySubject(report).keySet()));
  }

  private static ReportSummary.Row row(String day, String from, long failed) {
    return new ReportSummary.Row(
        Domain.of("example.org"),
        LocalDate.parse(day),
        from,
        new ReportOrigin(ReportOrigin.ReportTransport.MAIL, from),
        AppliedPolicy.PolicyType.STS,
        10,
        failed,
        Map.of());
  }

  @Test
  void daysAfterTheLastFailureAreClean() {
    StatusItem item =
        DomainStatus.reported(
            Domain.of("example.org"),
            List.of(
                row("2027-01-01", "One", 0),
                row("2027-01-02", "One", 0),
                row("2027-01-02", "Two", 3),
                row("2027-01-03", "One", 0),
                row("2027-01-05", "Two", 0)));
    assertEquals(
        Map.of("clean_days", 2L, "reporters", 2L, "succeeded", 50L, "failed", 3L), item.values());
  }
}

package org.sealwax.mail.tlsrpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;

/** A day's sums, and their form. */
final class SessionCountsTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final AppliedPolicy STS =
      new AppliedPolicy(
          AppliedPolicy.PolicyType.STS,
          DOMAIN,
          List.of("version: STSv1", "mode: testing", "mx: mx.example.org", "max_age: 86400"),
          List.of("mx.example.org"));

  private static FailureDetail failure(int number) {
    return new FailureDetail(
        ResultType.CERTIFICATE_EXPIRED, "192.0.2.1", "mx" + number, "198.51.100.7", "");
  }

  private static TlsReport report(SessionCounts counts) {
    return new TlsReport(
        "Project",
        "postmaster@project.example",
        "2026-11-24_example.org@mx.project.example",
        DOMAIN,
        Instant.parse("2026-11-24T00:00:00Z"),
        Instant.parse("2026-11-24T23:59:59Z"),
        counts.sums());
  }

  @Test
  void aReportIsReadAsItWasWritten() {
    SessionCounts counts = new SessionCounts(DOMAIN);
    counts.add(new SessionResult(STS, null), 5);
    counts.add(new SessionResult(STS, failure(1)), 2);
    counts.add(new SessionResult(STS, failure(1)), 1);
    TlsReport report = report(counts);
    assertEquals(report, TlsReportJson.read(TlsReportJson.write(report)).orElseThrow());
    String json = new String(TlsReportJson.write(report), StandardCharsets.UTF_8);
    for (String member :
        List.of(
            "\"organization-name\":\"Project\"",
            "\"start-datetime\":\"2026-11-24T00:00:00Z\"",
            "\"policy-type\":\"sts\"",
            "\"policy-string\":[\"version: STSv1\"",
            "\"mx-host\":[\"mx.example.org\"]",
            "\"total-successful-session-count\":5",
            "\"total-failure-session-count\":3",
            "\"result-type\":\"certificate-expired\"",
            "\"sending-mta-ip\":\"192.0.2.1\"",
            "\"receiving-mx-hostname\":\"mx1\"",
            "\"receiving-ip\":\"198.51.100.7\"",
            "\"failed-session-count\":3")) {
      assertTrue(json.contains(member), member + " in " + json);
    }
  }

  @Test
  void fileNameFollowsTheRfc() {
    assertEquals(
        "mx.project.example!example.org!1795478400!1795564799!2026-11-24-example.org-mx.project.example.json.gz",
        report(new SessionCounts(DOMAIN)).fileName(Domain.of("mx.project.example")));
  }

  @Test
  void failuresBeyondTheLimitAreCountedWithoutDetails() {
    SessionCounts counts = new SessionCounts(DOMAIN);
    for (int i = 0; i <= SessionCounts.MAX_FAILURES; i++) {
      counts.add(new SessionResult(STS, failure(i)), 1);
    }
    SessionCounts.PolicySummary summary = counts.sums().getFirst();
    assertEquals(SessionCounts.MAX_FAILURES, summary.failures().size());
    assertEquals(SessionCounts.MAX_FAILURES + 1, summary.failed());
  }

  /** A domain with more hosts than entries: every session is in a sum (RFC 8460 4.2). */
  @Test
  void policiesBeyondTheBoundAreCountedTogether() {
    SessionCounts counts = new SessionCounts(DOMAIN);
    int hosts = SessionCounts.MAX_POLICIES + 5;
    for (int i = 0; i < hosts; i++) {
      AppliedPolicy tlsa =
          new AppliedPolicy(
              AppliedPolicy.PolicyType.TLSA, DOMAIN, List.of("3 1 1 " + i), List.of());
      counts.add(new SessionResult(tlsa, null), 1);
      counts.add(new SessionResult(tlsa, failure(i)), 1);
    }
    List<SessionCounts.PolicySummary> sums = counts.sums();
    assertEquals(SessionCounts.MAX_POLICIES + 1, sums.size());
    assertEquals(List.of(), sums.getLast().policy().strings());
    assertEquals(5, sums.getLast().failures().size());
    assertEquals(hosts, sums.stream().mapToLong(SessionCounts.PolicySummary::succeeded).sum());
    assertEquals(hosts, sums.stream().mapToLong(SessionCounts.PolicySummary::failed).sum());
    SessionCounts after = new SessionCounts(DOMAIN);
    sums.forEach(after::add);
    assertEquals(sums, after.sums(), "read back");
  }

  @Test
  void sumsAddUpAgainAfterARestart() {
    SessionCounts before = new SessionCounts(DOMAIN);
    for (int i = 0; i < SessionCounts.MAX_FAILURES + 10; i++) {
      before.add(new SessionResult(STS, failure(i)), 2);
    }
    before.add(new SessionResult(STS, null), 7);
    SessionCounts after = new SessionCounts(DOMAIN);
    before.sums().forEach(after::add);
    assertEquals(before.sums(), after.sums());
  }

  @Test
  void aReasonIsCutAndHasNoControls() {
    FailureDetail failure =
        new FailureDetail(
            ResultType.VALIDATION_FAILURE, "", "mx", "", "a\r\nb\u00e9" + "x".repeat(500));
    assertEquals(FailureDetail.MAX_REASON, failure.reason().length());
    assertTrue(failure.reason().startsWith("a??b?x"), failure.reason());
  }

  @Test
  void whatIsNoReportIsNotRead() {
    for (String text :
        List.of("", "{", "[]", "{}", "null", "{\"report-id\":\"x\",\"policies\":[{}]}")) {
      assertTrue(TlsReportJson.read(text.getBytes(StandardCharsets.UTF_8)).isEmpty(), text);
    }
  }
}

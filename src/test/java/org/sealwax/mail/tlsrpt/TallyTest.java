package org.sealwax.mail.tlsrpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;

/** A day's sums, and their form. */
final class TallyTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final AppliedPolicy STS =
      new AppliedPolicy(
          AppliedPolicy.Type.STS,
          DOMAIN,
          List.of("version: STSv1", "mode: testing", "mx: mx.example.org", "max_age: 86400"),
          List.of("mx.example.org"));

  private static Failure failure(int number) {
    return new Failure(
        ResultType.CERTIFICATE_EXPIRED, "192.0.2.1", "mx" + number, "198.51.100.7", "");
  }

  private static Report report(Tally tally) {
    return new Report(
        "Project",
        "postmaster@project.example",
        "2026-11-24_example.org@mx.project.example",
        DOMAIN,
        Instant.parse("2026-11-24T00:00:00Z"),
        Instant.parse("2026-11-24T23:59:59Z"),
        tally.sums());
  }

  @Test
  void aReportIsReadAsItWasWritten() {
    Tally tally = new Tally(DOMAIN);
    tally.add(new SessionResult(STS, null), 5);
    tally.add(new SessionResult(STS, failure(1)), 2);
    tally.add(new SessionResult(STS, failure(1)), 1);
    Report report = report(tally);
    assertEquals(report, ReportForm.read(ReportForm.write(report)).orElseThrow());
    String json = new String(ReportForm.write(report), StandardCharsets.UTF_8);
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
  void theFileIsNamedAsTheRfcSays() {
    assertEquals(
        "mx.project.example!example.org!1795478400!1795564799!2026-11-24-example.org-mx.project.example.json.gz",
        report(new Tally(DOMAIN)).fileName(Domain.of("mx.project.example")));
  }

  @Test
  void whatIsBeyondTheBoundIsCountedAndNotTold() {
    Tally tally = new Tally(DOMAIN);
    for (int i = 0; i <= Tally.MAX_FAILURES; i++) {
      tally.add(new SessionResult(STS, failure(i)), 1);
    }
    Tally.Sum sum = tally.sums().getFirst();
    assertEquals(Tally.MAX_FAILURES, sum.failures().size());
    assertEquals(Tally.MAX_FAILURES + 1, sum.failed());
  }

  /** A domain with more hosts than entries: every session is in a sum (RFC 8460 4.2). */
  @Test
  void policiesBeyondTheBoundAreCountedTogether() {
    Tally tally = new Tally(DOMAIN);
    int hosts = Tally.MAX_POLICIES + 5;
    for (int i = 0; i < hosts; i++) {
      AppliedPolicy tlsa =
          new AppliedPolicy(AppliedPolicy.Type.TLSA, DOMAIN, List.of("3 1 1 " + i), List.of());
      tally.add(new SessionResult(tlsa, null), 1);
      tally.add(new SessionResult(tlsa, failure(i)), 1);
    }
    List<Tally.Sum> sums = tally.sums();
    assertEquals(Tally.MAX_POLICIES + 1, sums.size());
    assertEquals(List.of(), sums.getLast().policy().strings());
    assertEquals(5, sums.getLast().failures().size());
    assertEquals(hosts, sums.stream().mapToLong(Tally.Sum::succeeded).sum());
    assertEquals(hosts, sums.stream().mapToLong(Tally.Sum::failed).sum());
    Tally after = new Tally(DOMAIN);
    sums.forEach(after::add);
    assertEquals(sums, after.sums(), "read back");
  }

  @Test
  void sumsAddUpAgainAfterARestart() {
    Tally before = new Tally(DOMAIN);
    for (int i = 0; i < Tally.MAX_FAILURES + 10; i++) {
      before.add(new SessionResult(STS, failure(i)), 2);
    }
    before.add(new SessionResult(STS, null), 7);
    Tally after = new Tally(DOMAIN);
    before.sums().forEach(after::add);
    assertEquals(before.sums(), after.sums());
  }

  @Test
  void aReasonIsCutAndHasNoControls() {
    Failure failure =
        new Failure(ResultType.VALIDATION_FAILURE, "", "mx", "", "a\r\nb\u00e9" + "x".repeat(500));
    assertEquals(Failure.MAX_REASON, failure.reason().length());
    assertTrue(failure.reason().startsWith("a??b?x"), failure.reason());
  }

  @Test
  void whatIsNoReportIsNotRead() {
    for (String text :
        List.of("", "{", "[]", "{}", "null", "{\"report-id\":\"x\",\"policies\":[{}]}")) {
      assertTrue(ReportForm.read(text.getBytes(StandardCharsets.UTF_8)).isEmpty(), text);
    }
  }
}

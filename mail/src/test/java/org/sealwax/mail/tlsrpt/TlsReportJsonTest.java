package org.sealwax.mail.tlsrpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reports of other implementations: RFC 8460 section 4.4, and invalid ones. */
final class TlsReportJsonTest {
  /** As in appendix B of the RFC: mx-host as one text, times with an offset. */
  private static final String GOOD =
      """
      {"organization-name":"Company-X","date-range":{"start-datetime":"2026-11-24T00:00:00+00:00",
      "end-datetime":"2026-11-24T23:59:59Z"},"contact-info":"c@x.example","report-id":"5065-42",
      "unknown":{"a":[1,2]},"policies":[{"policy":{"policy-type":"sts","policy-string":
      ["version: STSv1","mode: testing"],"policy-domain":"example.org","mx-host":"*.example.org"},
      "summary":{"total-successful-session-count":5326,"total-failure-session-count":303},
      "failure-details":[{"result-type":"certificate-expired","sending-mta-ip":"2001:db8::1",
      "receiving-mx-hostname":"mx1.example.org","failed-session-count":100},
      {"result-type":"new-kind","receiving-ip":"203.0.113.56","failed-session-count":203,
      "failure-reason-code":"X509"}]}]}\
      """;

  private static TlsReportParse reading(String text) {
    return TlsReportJson.reading(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String why(String text) {
    return assertInstanceOf(TlsReportParse.UnreadableReport.class, reading(text), text).why();
  }

  @Test
  void readsAReportAsOthersWriteIt() {
    TlsReport report = assertInstanceOf(TlsReportParse.ReadReport.class, reading(GOOD)).report();
    assertEquals("Company-X", report.organization());
    SessionCounts.PolicySummary summary = report.sums().getFirst();
    assertEquals(List.of("*.example.org"), summary.policy().mxHosts());
    assertEquals(5326, summary.succeeded());
    assertEquals(303, summary.failed());
    List<FailureDetail> failures = List.copyOf(summary.failures().keySet());
    assertEquals("mx1.example.org", failures.getFirst().host());
    assertEquals("2001:db8::1", failures.getFirst().sendingAddress());
    assertEquals(ResultType.VALIDATION_FAILURE, failures.getLast().type());
    assertEquals("new-kind: X509", failures.getLast().reason());
    assertEquals("203.0.113.56", failures.getLast().receivingAddress());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "\"policies\":[{ | \"policies\":[],\"old\":[{ | no policies",
        "5326 | -1 | total-successful-session-count is not a session count",
        "303 | 1e400 | total-failure-session-count is not a session count",
        "303 | 1000000000001 | total-failure-session-count is not a session count",
        "5326 | \"5326\" | total-successful-session-count is not a session count",
        "count\":100 | count\":-100 | failed-session-count is not a session count",
        "\"sts\" | \"x\" | unknown policy-type",
        "\"example.org\" | \"exa mple.org\" | the policy-domain is not a domain name",
        "2026-11-24T23 | 2026-11-23T23 | the date range ends before it begins",
        "2026-11-24T23:59:59Z | today | end-datetime is not a time in RFC 3339 format",
        "2026-11-24T23:59:59Z | +20266-11-24T23:59:59Z | end-datetime is before 1970 or too far in the future",
        "5065-42 |  | no report-id",
        "\"5065-42\" | 42 | report-id is not a string of at most 255 characters",
        "Company-X | Company\\nX | organization-name is not a string of at most 255 characters",
        "\"unknown\": | \"report-id\": | not JSON",
        "}]}]} | }]}]} {} | not JSON",
        "}]}]} | }]} | not JSON",
      })
  void invalidReportHasAReason(String good, String bad, String why) {
    assertTrue(GOOD.contains(good), good);
    assertEquals(why, why(GOOD.replace(good, bad == null ? "" : bad)));
  }

  private static String withPolicies(int count) {
    int from = GOOD.indexOf("[{\"policy\"") + 1;
    String entry = GOOD.substring(from, GOOD.length() - 2);
    String all = IntStream.range(0, count).mapToObj(i -> entry).collect(Collectors.joining(","));
    return GOOD.substring(0, from) + all + "]}";
  }

  @Test
  void aReportHasABoundedNumberOfPolicies() {
    assertInstanceOf(
        TlsReportParse.ReadReport.class, reading(withPolicies(TlsReportJson.MAX_POLICIES)));
    assertEquals("101 policies, more than 100", why(withPolicies(TlsReportJson.MAX_POLICIES + 1)));
    assertEquals(
        "the JSON is nested too deeply, too long or has too many values",
        why(withPolicies(10_000)));
  }

  @Test
  void depthLengthAndNumberOfPartsAreBounded() {
    String deep = "[".repeat(100_000) + "]".repeat(100_000);
    String limit = "the JSON is nested too deeply, too long or has too many values";
    assertEquals(limit, why(GOOD.replace("[1,2]", deep)));
    assertEquals(limit, why(GOOD.replace("[1,2]", "[" + "1,".repeat(400_000) + "2]")));
    assertEquals(limit, why(GOOD.replace("[1,2]", "\"" + "x".repeat(70_000) + "\"")));
    assertEquals("more than 10485760 bytes", why(GOOD + " ".repeat(TlsReportJson.MAX_BYTES)));
  }

  @Test
  void whatGoesOverWhatIsKeptOfAPolicyIsLeftOut() {
    String many =
        IntStream.range(0, 3_000)
            .mapToObj(
                i -> "{\"result-type\":\"validation-failure\",\"receiving-ip\":\"" + i + "\"}")
            .collect(Collectors.joining(","));
    String text =
        GOOD.replace("\"failure-details\":[", "\"failure-details\":[" + many + ",")
            .replace("\"mode: testing\"", "\"x\",".repeat(500) + "\"" + "y".repeat(5_000) + "\"");
    SessionCounts.PolicySummary summary =
        assertInstanceOf(TlsReportParse.ReadReport.class, reading(text)).report().sums().getFirst();
    assertEquals(SessionCounts.MAX_FAILURES, summary.failures().size());
    assertEquals(TlsReportJson.MAX_STRINGS, summary.policy().strings().size());
    assertEquals(303, summary.failed());
  }

  /** One entry that cannot be read must not take the others with it (RFC 8460 4.4). */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "\"policy-domain\":\"example.org\" | \"x\":1 | the policy-domain is not a domain name",
        "\"sts\" | \"novel\" | unknown policy-type",
        "\"total-failure-session-count\":303 | \"x\":1 | total-failure-session-count is not"
            + " a session count",
        "count\":100 | count\":\"100\" | failed-session-count is not a session count",
        "\"sts\" | null | unknown policy-type",
        "\"sts\" | [\"sts\"] | unknown policy-type",
        "\"sts\" | \"STS \" | unknown policy-type",
        "\"policy\":{ | \"policies\":{ | unknown policy-type",
        "\"policy-domain\":\"example.org\" | \"policy-domain\":null | the policy-domain"
            + " is not a domain name",
        "\"policy-domain\":\"example.org\" | \"policy-domain\":\"\" | the policy-domain"
            + " is not a domain name",
        "\"policy-domain\":\"example.org\" | \"policy-domain\":\"a..b\" | the policy-domain"
            + " is not a domain name",
        "\"policy-domain\":\"example.org\" | \"policy-domain\":{\"d\":[]} | the policy-domain"
            + " is not a domain name",
        "\"summary\":{ | \"sum\":{ | total-successful-session-count is not a session count",
        "5326 | 5326.5 | total-successful-session-count is not a session count",
        "5326 | null | total-successful-session-count is not a session count",
        "5326 | true | total-successful-session-count is not a session count",
        "5326 | 1e999999 | total-successful-session-count is not a session count",
      })
  void aPolicyEntryThatCannotBeReadIsLeftOutAndTheOthersStand(String good, String bad, String why) {
    int from = GOOD.indexOf("[{\"policy\"") + 1;
    String entry = GOOD.substring(from, GOOD.length() - 2);
    assertTrue(entry.contains(good), good);
    String broken = entry.replace(good, bad);
    for (String both : List.of(broken + "," + entry, entry + "," + broken)) {
      TlsReportParse.ReadReport read =
          assertInstanceOf(
              TlsReportParse.ReadReport.class, reading(GOOD.substring(0, from) + both + "]}"));
      assertEquals(1, read.report().sums().size());
      assertEquals(5326, read.report().sums().getFirst().succeeded());
      assertEquals(List.of(why), read.leftOut());
    }
  }

  /**
   * Whatever stands in the place of an entry: what is not an entry is left out, the good one stays.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "7",
        "\"text\"",
        "[]",
        "{}",
        "[{\"policy\":{}}]",
        "{\"policy\":[],\"summary\":7}",
        "{\"policy\":{\"policy-type\":\"tlsa\",\"policy-domain\":\"x.example\"},\"summary\":[1,2]}",
        "{\"policy\":{\"policy-type\":\"\\u0000\",\"policy-domain\":\"\\ud800\"}}"
      })
  void whatIsNoPolicyEntryIsLeftOutAndTheOthersStand(String odd) {
    int from = GOOD.indexOf("[{\"policy\"") + 1;
    String entry = GOOD.substring(from, GOOD.length() - 2);
    for (String all :
        List.of(odd + "," + entry, entry + "," + odd, odd + "," + entry + "," + odd)) {
      TlsReportParse.ReadReport read =
          assertInstanceOf(
              TlsReportParse.ReadReport.class, reading(GOOD.substring(0, from) + all + "]}"), all);
      assertEquals(1, read.report().sums().size());
      assertEquals(1, read.leftOut().size(), read.leftOut().toString());
    }
  }

  /** Odd details of a failure cost the detail at most, never the counts of the entry. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"none\"",
        "{\"a\":{\"result-type\":\"certificate-expired\"}}",
        "[null]",
        "[7,\"x\",[]]",
        "[{\"result-type\":7,\"receiving-ip\":{},\"failure-reason-code\":[1]}]",
        "[{\"result-type\":\"\\u0000\\u001b\",\"receiving-mx-hostname\":\"\\r\\n\"}]"
      })
  void oddFailureDetailsLeaveTheCounts(String details) {
    int from = GOOD.indexOf("\"failure-details\":") + "\"failure-details\":".length();
    TlsReportParse.ReadReport read =
        assertInstanceOf(
            TlsReportParse.ReadReport.class, reading(GOOD.substring(0, from) + details + "}]}"));
    assertEquals(5326, read.report().sums().getFirst().succeeded());
    assertEquals(303, read.report().sums().getFirst().failed());
  }
}

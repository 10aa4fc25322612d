package org.sealwax.mail.tlsrpt;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.text;

import java.util.List;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** What domains and other reporters write. */
public final class TlsRptFuzzTargets {
  private TlsRptFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "tlsrpt-record",
            input -> {
              if (ReportingPolicy.of(List.of(text(input))) instanceof ReportingPolicy.Wanted w) {
                holds(
                    !w.addresses().isEmpty()
                        && w.addresses().size() <= ReportingPolicy.MAX_ADDRESSES,
                    "number of addresses");
                for (ReportAddress a : w.addresses()) {
                  if (a instanceof ReportAddress.ByPost post) {
                    holds(
                        post.path().startsWith("/")
                            && post.path().chars().allMatch(c -> c > 0x20 && c < 0x7f)
                            && post.port() >= 0,
                        "a path that could end a request line: " + post.path());
                  }
                }
              }
            },
            "v=TLSRPTv1;rua=mailto:reports@example.com",
            "v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt,mailto:a%21b@c.example",
            "v=TLSRPTv1; x=y; rua=https://c.example:8443?x=1"),
        FuzzTarget.ofTexts(
            "tlsrpt-report",
            input ->
                TlsReportJson.read(input)
                    .ifPresent(
                        report ->
                            holds(
                                TlsReportJson.read(TlsReportJson.write(report)).isPresent(),
                                "written anew, it is no report")),
            "{\"organization-name\":\"P\",\"date-range\":{\"start-datetime\":\"2026-11-24T00:00:00Z\","
                + "\"end-datetime\":\"2026-11-24T23:59:59Z\"},\"contact-info\":\"c\",\"report-id\":\"i\","
                + "\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-string\":[\"a\"],"
                + "\"policy-domain\":\"example.org\",\"mx-host\":[\"mx\"]},\"summary\":"
                + "{\"total-successful-session-count\":5,\"total-failure-session-count\":3},"
                + "\"failure-details\":[{\"result-type\":\"certificate-expired\","
                + "\"receiving-mx-hostname\":\"mx\",\"failed-session-count\":3}]}]}"));
  }
}

package org.sealwax.assess.model;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.Domain;

/** Reports for tests of what is made of reports. */
public final class SampleReports {
  /** A stranger's text that must not become markup, escape sequences or another line. */
  public static final String HOSTILE = "<script>alert('x')</script>\u001b[31m\u202e\"&\r\n";

  private SampleReports() {}

  private static Place place(String host, String address) {
    return Place.of(Domain.of(host), InetAddress.ofLiteral(address), 25);
  }

  private static Report graded(String target, List<Finding> findings, Place... places) {
    List<Report.Station> stations = new ArrayList<>();
    Grade weakest = null;
    for (Place place : places) {
      Grade grade =
          ReceiverRubric.rules()
              .grade(findings.stream().filter(f -> f.place().covers(place)).toList(), true);
      stations.add(new Report.Station(place, true, 31, grade));
      weakest = weakest == null || grade.letter().compareTo(weakest.letter()) > 0 ? grade : weakest;
    }
    return new Report(
        target,
        Depth.FULL,
        Instant.parse("2026-11-25T12:34:56Z"),
        Duration.ofMillis(812),
        "sealwax test",
        ReceiverRubric.rules().version(),
        ReceiverRubric.rules().hash(),
        stations,
        weakest,
        "",
        findings);
  }

  /** Everything passed. */
  public static Report good() {
    List<Finding> findings = new ArrayList<>();
    for (Check check : Check.all()) {
      findings.add(Finding.of(check, Outcome.PASS, Place.domain(), "as it should be"));
    }
    return graded("good.example", findings, place("mx1.good.example", "192.0.2.1"));
  }

  /** Of everything something, with hostile text in it. */
  public static Report bad() {
    Place first = place("mx1.bad.example", "192.0.2.1");
    Place second = place("mx2.bad.example", "2001:db8::2");
    List<Finding> findings = new ArrayList<>();
    for (Check check : Check.all()) {
      findings.add(
          switch (check.id()) {
            case "ssl3" ->
                Finding.of(check, Outcome.FAIL, first, "SSLv3 is spoken")
                    .as("on")
                    .with(Evidence.octets(new byte[] {22, 3, 0, 0, 5}));
            case "tls10" ->
                Finding.of(check, Outcome.WARN, second, "TLS 1.0 beside better ones").as("on");
            case "banner.time" -> Finding.of(check, Outcome.INCONCLUSIVE, first, HOSTILE);
            case "tlsrpt" ->
                Finding.of(check, Outcome.WARN, Place.domain(), "there is no record")
                    .as("missing")
                    .with(Evidence.transcript(HOSTILE))
                    .advising(List.of("_smtp._tls IN TXT \"v=TLSRPTv1; rua=mailto:x@y\""));
            case "relay" -> Finding.of(check, Outcome.NOT_TESTED, first, "not asked for");
            case "dmarc" -> Finding.of(check, Outcome.INFO, Place.domain(), "p=none").as("none");
            default -> Finding.of(check, Outcome.PASS, Place.domain(), "as it should be");
          });
    }
    return graded("bad.example", findings, first, second);
  }

  /** Nothing to grade. */
  public static Report none() {
    Report good = good();
    return new Report(
        HOSTILE,
        good.depth(),
        good.began(),
        good.took(),
        good.program(),
        good.rules(),
        good.rulesHash(),
        List.of(),
        null,
        "no host answers",
        List.of());
  }
}

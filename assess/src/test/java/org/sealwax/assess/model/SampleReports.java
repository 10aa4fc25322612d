package org.sealwax.assess.model;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/** Reports for tests of pages and texts. */
public final class SampleReports {
  /** A text of a server that must not become markup, escape sequences or another line. */
  public static final String HOSTILE = "<script>alert('x')</script>\u001b[31m\u202e\"&\r\n";

  private static final String BANNER = "mx1 ESMTP Postfix (Debian/GNU)";

  private SampleReports() {}

  private static FindingLocation place(String host, String address) {
    return FindingLocation.of(Domain.of(host), InetAddress.ofLiteral(address), 25);
  }

  private static AssessmentReport graded(
      String target, List<Finding> findings, FindingLocation... places) {
    List<AssessmentReport.AddressResult> stations = new ArrayList<>();
    Grade weakest = null;
    for (FindingLocation location : places) {
      Grade grade =
          ReceiverRubric.rules()
              .grade(findings.stream().filter(f -> f.location().covers(location)).toList(), true);
      stations.add(new AssessmentReport.AddressResult(location, true, 31, BANNER, grade));
      weakest = weakest == null || grade.letter().compareTo(weakest.letter()) > 0 ? grade : weakest;
    }
    return new AssessmentReport(
        target,
        ScanDepth.FULL,
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
  public static AssessmentReport good() {
    List<Finding> findings = new ArrayList<>();
    for (Check check : Check.all()) {
      findings.add(
          Finding.of(check, CheckOutcome.PASS, FindingLocation.domain(), "as it should be"));
    }
    return graded("good.example", findings, place("mx1.good.example", "192.0.2.1"));
  }

  /**
   * A report with this grade: that of one fault with a cap, where one caps to it, and else as many
   * faults as leave the grade as good as this.
   */
  public static AssessmentReport graded(GradeLetter letter) {
    FindingLocation place = place("mx.graded.example", "192.0.2.1");
    List<Finding> findings = new ArrayList<>(good().findings());
    Optional<Rubric.CapRule> cap =
        ReceiverRubric.rules().caps().stream().filter(c -> c.most() == letter).findFirst();
    if (cap.isPresent()) {
      CheckOutcome outcome =
          cap.get().outcomes().contains(CheckOutcome.WARN) ? CheckOutcome.WARN : CheckOutcome.FAIL;
      findings.replaceAll(
          f ->
              f.check().id().equals(cap.get().check())
                  ? Finding.of(f.check(), outcome, place, "as the heading says")
                      .as(cap.get().aspect())
                  : f);
    } else {
      for (int i = 0; i < findings.size() && letter != GradeLetter.A_PLUS; i++) {
        Check check = findings.get(i).check();
        Finding before = findings.set(i, Finding.of(check, CheckOutcome.FAIL, place, "it failed"));
        if (ReceiverRubric.rules().grade(findings, true).letter().compareTo(letter) > 0) {
          findings.set(i, before);
        }
      }
    }
    return graded("graded.example", findings, place);
  }

  /** Of everything something, with hostile text in it. */
  public static AssessmentReport bad() {
    FindingLocation first = place("mx1.bad.example", "192.0.2.1");
    FindingLocation second = place("mx2.bad.example", "2001:db8::2");
    List<Finding> findings = new ArrayList<>();
    for (Check check : Check.all()) {
      findings.add(
          switch (check.id()) {
            case "ssl3" ->
                Finding.of(check, CheckOutcome.FAIL, first, "SSLv3 is spoken")
                    .as("on")
                    .with(FindingEvidence.bytes(new byte[] {22, 3, 0, 0, 5}));
            case "tls10" ->
                Finding.of(check, CheckOutcome.WARN, second, "TLS 1.0 beside better ones").as("on");
            case "banner.time" -> Finding.of(check, CheckOutcome.INCONCLUSIVE, first, HOSTILE);
            case "tlsrpt" ->
                Finding.of(check, CheckOutcome.WARN, FindingLocation.domain(), "there is no record")
                    .as("missing")
                    .with(FindingEvidence.transcript(HOSTILE))
                    .advising(List.of("_smtp._tls IN TXT \"v=TLSRPTv1; rua=mailto:x@y\""));
            case "relay" -> Finding.of(check, CheckOutcome.NOT_TESTED, first, "not requested");
            case "dmarc" ->
                Finding.of(check, CheckOutcome.INFO, FindingLocation.domain(), "p=none").as("none");
            default ->
                Finding.of(check, CheckOutcome.PASS, FindingLocation.domain(), "as it should be");
          });
    }
    return graded("bad.example", findings, first, second);
  }

  /** Everything failed that can fail. */
  public static AssessmentReport worst() {
    List<Finding> findings = new ArrayList<>();
    FindingLocation place = place("mx.worst.example", "192.0.2.1");
    for (Check check : Check.all()) {
      Finding finding = Finding.of(check, CheckOutcome.FAIL, place, "it is as the heading says");
      findings.add(check.aspects().isEmpty() ? finding : finding.as(check.aspects().getFirst()));
    }
    return graded("worst.example", findings, place);
  }

  /** A report in which everything that comes from the server is this text. */
  public static AssessmentReport everywhere(String text) {
    return each(List.of(text));
  }

  /** The same with these texts, one after the other. */
  public static AssessmentReport each(List<String> texts) {
    AssessmentReport sample = bad();
    List<Finding> findings = new ArrayList<>();
    List<CheckOutcome> outcomes = List.of(CheckOutcome.values());
    for (Check check : Check.all()) {
      String text = texts.get(findings.size() % texts.size());
      CheckOutcome outcome = outcomes.get(findings.size() % outcomes.size());
      Finding finding =
          Finding.of(check, outcome, sample.addresses().getFirst().location(), text)
              .withOpenQuestion(text)
              .with(FindingEvidence.transcript(text))
              .with(FindingEvidence.dns(text))
              .advising(List.of(text, "; " + text, text));
      findings.add(check.aspects().isEmpty() ? finding : finding.as(check.aspects().getFirst()));
    }
    AssessmentReport graded =
        graded(texts.getFirst(), findings, sample.addresses().getFirst().location());
    return new AssessmentReport(
        graded.target(),
        graded.depth(),
        graded.began(),
        graded.duration(),
        "sealwax " + texts.getFirst().substring(0, Math.min(200, texts.getFirst().length())),
        graded.rules(),
        graded.rulesHash(),
        List.of(
            new AssessmentReport.AddressResult(
                sample.addresses().getFirst().location(),
                true,
                1,
                texts.getLast(),
                graded.grade())),
        graded.grade(),
        "",
        graded.findings());
  }

  /** Nothing to grade. */
  public static AssessmentReport none() {
    AssessmentReport good = good();
    return new AssessmentReport(
        HOSTILE,
        good.depth(),
        good.began(),
        good.duration(),
        good.program(),
        good.rules(),
        good.rulesHash(),
        List.of(),
        null,
        "no host accepts connections",
        List.of());
  }
}

package org.sealwax.lab.judge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.lab.site.TrapEvent;

/**
 * TLS reports (RFC 8460) about the test cases that the sender met and in which a session fails:
 * whether they came, with a right result type and a count, and signed where they came by mail.
 * Pure.
 *
 * @param facts of all test cases
 * @param refused labels of the test cases that passed: a sender that delivered where it must not
 *     has seen no failure
 * @param ended whether the sender's time has passed
 */
record TlsReportJudge(Map<String, SightingFacts> facts, Set<String> refused, boolean ended) {
  /** Labels listed in a sentence. */
  private static final int MAX_LABELS = 8;

  /** The result in one sentence. */
  record TlsReportJudgement(CheckOutcome outcome, String text) {}

  TlsReportJudge {
    facts = Map.copyOf(facts);
    refused = Set.copyOf(refused);
  }

  TlsReportJudgement judgement() {
    long reported = facts.values().stream().filter(d -> !d.reports().isEmpty()).count();
    if (reported == 0) {
      // A report comes within two days, and the lab has not run that long.
      return new TlsReportJudgement(CheckOutcome.NOT_TESTED, "no report has arrived");
    }
    List<String> unknown =
        reports().stream()
            .flatMap(r -> r.types().stream())
            .filter(t -> !ExpectedResultTypes.KNOWN.contains(t))
            .distinct()
            .toList();
    if (!unknown.isEmpty()) {
      return new TlsReportJudgement(
          CheckOutcome.WARN, "with unknown result types " + String.join(", ", unknown));
    }
    if (reports().stream().anyMatch(r -> r.transport().equals("mail") && !r.signed())) {
      return new TlsReportJudgement(
          CheckOutcome.WARN, "by mail, without the signature of RFC 8460 section 5.3");
    }
    List<String> wrong = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    List<String> right = new ArrayList<>();
    ExpectedResultTypes.right().keySet().stream()
        .sorted()
        .filter(label -> refused.contains(label))
        .forEach(label -> classify(label, wrong, missing, right));
    if (!wrong.isEmpty()) {
      return new TlsReportJudgement(
          CheckOutcome.WARN, "with wrong result types in " + labelList(wrong));
    }
    if (!missing.isEmpty()) {
      return new TlsReportJudgement(
          ended ? CheckOutcome.WARN : CheckOutcome.INCONCLUSIVE, "not about " + labelList(missing));
    }
    return new TlsReportJudgement(
        CheckOutcome.PASS,
        "about "
            + reported
            + " traps, with the right result type in all "
            + right.size()
            + " that failed");
  }

  private List<TrapEvent.TlsReportReceived> reports() {
    return facts.values().stream().flatMap(d -> d.reports().stream()).toList();
  }

  private void classify(
      String label, List<String> wrong, List<String> missing, List<String> right) {
    List<TrapEvent.TlsReportReceived> of =
        facts.getOrDefault(label, SightingFacts.none()).reports();
    List<TrapEvent.TlsReportReceived> failures =
        of.stream().filter(r -> r.failures() > 0 && !r.types().isEmpty()).toList();
    Set<String> types = ExpectedResultTypes.right().getOrDefault(label, Set.of());
    if (failures.isEmpty()) {
      missing.add(label);
    } else if (failures.stream().flatMap(r -> r.types().stream()).noneMatch(types::contains)) {
      wrong.add(label);
    } else {
      right.add(label);
    }
  }

  private static String labelList(List<String> labels) {
    String listed = labels.stream().limit(MAX_LABELS).collect(Collectors.joining(", "));
    int more = labels.size() - MAX_LABELS;
    return more > 0 ? listed + " and " + more + " more" : listed;
  }
}

package org.sealwax.lab.judge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sealwax.assess.model.Outcome;
import org.sealwax.lab.site.Event;

/**
 * TLS reports (RFC 8460) about the rows that the sender met and in which a session fails: whether
 * they came, with a right result type and a count, and signed where they came by mail. Pure.
 *
 * @param deeds of all rows
 * @param refused labels of the rows that came out as they should: whoever delivered where it must
 *     not has seen no failure
 * @param ended whether the sender has had its time
 */
record ReportConduct(Map<String, Deeds> deeds, Set<String> refused, boolean ended) {
  /** Labels told in a sentence. */
  private static final int TOLD = 8;

  /** What came of it, in one sentence. */
  record Said(Outcome outcome, String text) {}

  ReportConduct {
    deeds = Map.copyOf(deeds);
    refused = Set.copyOf(refused);
  }

  Said said() {
    long reported = deeds.values().stream().filter(d -> !d.reports().isEmpty()).count();
    if (reported == 0) {
      // A report comes within two days, and the sender was not here that long.
      return new Said(Outcome.NOT_TESTED, "no report came in this time");
    }
    List<String> unknown =
        reports().stream()
            .flatMap(r -> r.types().stream())
            .filter(t -> !ReportTypes.KNOWN.contains(t))
            .distinct()
            .toList();
    if (!unknown.isEmpty()) {
      return new Said(Outcome.WARN, "with unknown result types " + unknown);
    }
    if (reports().stream().anyMatch(r -> r.way().equals("mail") && !r.signed())) {
      return new Said(Outcome.WARN, "by mail, without the signature of RFC 8460 section 5.3");
    }
    List<String> wrong = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    List<String> right = new ArrayList<>();
    ReportTypes.right().keySet().stream()
        .sorted()
        .filter(label -> refused.contains(label))
        .forEach(label -> sort(label, wrong, missing, right));
    if (!wrong.isEmpty()) {
      return new Said(Outcome.WARN, "with other result types than happened in " + told(wrong));
    }
    if (!missing.isEmpty()) {
      return new Said(ended ? Outcome.WARN : Outcome.INCONCLUSIVE, "not about " + told(missing));
    }
    return new Said(
        Outcome.PASS,
        "about "
            + reported
            + " rows, with the right result type in all "
            + right.size()
            + " that failed");
  }

  private List<Event.Reported> reports() {
    return deeds.values().stream().flatMap(d -> d.reports().stream()).toList();
  }

  private void sort(String label, List<String> wrong, List<String> missing, List<String> right) {
    List<Event.Reported> of = deeds.getOrDefault(label, Deeds.none()).reports();
    List<Event.Reported> failures =
        of.stream().filter(r -> r.failures() > 0 && !r.types().isEmpty()).toList();
    Set<String> types = ReportTypes.right().getOrDefault(label, Set.of());
    if (failures.isEmpty()) {
      missing.add(label);
    } else if (failures.stream().flatMap(r -> r.types().stream()).noneMatch(types::contains)) {
      wrong.add(label);
    } else {
      right.add(label);
    }
  }

  private static String told(List<String> labels) {
    return labels.size() > TOLD
        ? labels.subList(0, TOLD) + " and " + (labels.size() - TOLD) + " more"
        : labels.toString();
  }
}

package org.sealwax.assess.render;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckGroup;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;

/** What findings at several locations have in common: a row of a report. */
record FindingRow(Check check, CheckOutcome outcome, String code, String seen) {
  /** Outcomes with a row each, from the worst; of the others only the checks are named. */
  static final List<CheckOutcome> JUDGED =
      List.of(
          CheckOutcome.FAIL,
          CheckOutcome.WARN,
          CheckOutcome.INCONCLUSIVE,
          CheckOutcome.INFO,
          CheckOutcome.PASS);

  /** Rows with their findings: by outcome, then in the order of the report. */
  static Map<FindingRow, List<Finding>> of(
      AssessmentReport report, List<CheckOutcome> outcomes, List<CheckGroup> groups) {
    Map<FindingRow, List<Finding>> byRow = new LinkedHashMap<>();
    for (CheckOutcome outcome : outcomes) {
      for (Finding f : report.findings()) {
        if (f.outcome() == outcome && groups.contains(f.check().group())) {
          byRow
              .computeIfAbsent(
                  new FindingRow(f.check(), f.outcome(), f.code(), f.text()),
                  row -> new ArrayList<>())
              .add(f);
        }
      }
    }
    return byRow;
  }

  /** Ids of a group's checks that have this outcome anywhere, separated by commas. */
  static String ids(AssessmentReport report, CheckOutcome outcome, CheckGroup group) {
    return String.join(
        ", ",
        of(report, List.of(outcome), List.of(group)).keySet().stream()
            .map(row -> row.check().id())
            .distinct()
            .toList());
  }
}

package org.sealwax.assess.receiver;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;

/** The findings of the scan so far. */
final class FindingLog {
  private final FindingLocation location;
  private final List<Finding> findings = new ArrayList<>();
  private final Set<String> reportedCodes = new LinkedHashSet<>();

  FindingLog(FindingLocation location) {
    this.location = location;
  }

  void add(
      String id, CheckOutcome outcome, String aspect, String seen, FindingEvidence... evidence) {
    findings.add(
        new Finding(
            Check.of(id), outcome, aspect, location, seen, "", List.of(evidence), List.of()));
    reportedCodes.add(id);
  }

  void fail(String id, String aspect, String seen, FindingEvidence... evidence) {
    add(id, CheckOutcome.FAIL, aspect, seen, evidence);
  }

  void warn(String id, String aspect, String seen, FindingEvidence... evidence) {
    add(id, CheckOutcome.WARN, aspect, seen, evidence);
  }

  void info(String id, String aspect, String seen, FindingEvidence... evidence) {
    add(id, CheckOutcome.INFO, aspect, seen, evidence);
  }

  void inconclusive(String id, String seen, FindingEvidence... evidence) {
    add(id, CheckOutcome.INCONCLUSIVE, "", seen, evidence);
  }

  void pass(String id, String seen, FindingEvidence... evidence) {
    add(id, CheckOutcome.PASS, "", seen, evidence);
  }

  /** Whether there is a finding for a check. */
  boolean has(String id) {
    return reportedCodes.contains(id);
  }

  /** Whether there is a finding for one aspect of a check. */
  boolean has(String id, String aspect) {
    return findings.stream().anyMatch(f -> f.check().id().equals(id) && f.aspect().equals(aspect));
  }

  List<Finding> findings() {
    return List.copyOf(findings);
  }
}

package org.sealwax.assess.receiver;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;

/** What the scan has to tell, as it grows. */
final class Told {
  private final Place place;
  private final List<Finding> findings = new ArrayList<>();
  private final Set<String> said = new LinkedHashSet<>();

  Told(Place place) {
    this.place = place;
  }

  void say(String id, Outcome outcome, String aspect, String seen, Evidence... evidence) {
    findings.add(
        new Finding(Check.of(id), outcome, aspect, place, seen, "", List.of(evidence), List.of()));
    said.add(id);
  }

  void pass(String id, String seen, Evidence... evidence) {
    say(id, Outcome.PASS, "", seen, evidence);
  }

  /** Whether anything was said of a check. */
  boolean has(String id) {
    return said.contains(id);
  }

  /** Whether anything was said of one aspect of a check. */
  boolean has(String id, String aspect) {
    return findings.stream().anyMatch(f -> f.check().id().equals(id) && f.aspect().equals(aspect));
  }

  List<Finding> findings() {
    return List.copyOf(findings);
  }
}

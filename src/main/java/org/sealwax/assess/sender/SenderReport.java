package org.sealwax.assess.sender;

import java.util.List;
import org.sealwax.assess.Finding;
import org.sealwax.assess.Grade;
import org.sealwax.assess.Outcome;

/**
 * What an assessment of a sender came to.
 *
 * @param profile by which it was judged
 * @param findings the sender as a whole first, then row by row
 * @param grade the letter
 * @param leaks rows in which mail went out in clear or to a false peer though a policy forbade it
 * @param losses rows in which legal mail was not delivered, or not decided
 * @param rules the version of the rules, with their hash
 */
public record SenderReport(
    Profile profile,
    List<Finding> findings,
    Grade grade,
    List<String> leaks,
    List<String> losses,
    String rules) {
  /** Copies. */
  public SenderReport {
    findings = List.copyOf(findings);
    leaks = List.copyOf(leaks);
    losses = List.copyOf(losses);
  }

  /** How many findings have this outcome. */
  public long count(Outcome outcome) {
    return findings.stream().filter(f -> f.outcome() == outcome).count();
  }
}

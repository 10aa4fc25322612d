package org.sealwax.lab.judge;

import java.util.List;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FixAdvice;
import org.sealwax.assess.model.Grade;
import org.sealwax.lab.traps.Traps;

/**
 * The result of an assessment of a sender.
 *
 * @param profile by which it was judged
 * @param findings the sender as a whole first, then test case by test case
 * @param grade the letter
 * @param tested how many test cases the sender reached and decided; the grade is about those
 * @param leaks test cases in which mail went out in plaintext or to a false peer though a policy
 *     forbade it
 * @param losses test cases in which legitimate mail was bounced
 * @param stuck test cases in which no try got legitimate mail through, which is still queued
 * @param waiting test cases that are not tested because the sender did not come, or may still
 *     change at its next try
 * @param undecided test cases whose verdict later mail or another try may still change; before the
 *     sender's time is over, only what was seen in them is shown
 * @param remedies what to do, with what it brings
 * @param first the remedies to apply first, and the grade that follows
 * @param router the mail router that the messages name; empty when they name none that is known
 * @param rules the version of the rules, with their hash
 */
public record SenderReport(
    SenderProfile profile,
    List<Finding> findings,
    Grade grade,
    int tested,
    List<String> leaks,
    List<String> losses,
    List<String> stuck,
    List<String> waiting,
    List<String> undecided,
    List<SenderRemedy> remedies,
    SenderFirstSteps first,
    String router,
    String rules) {
  /** Copies. */
  public SenderReport {
    findings = List.copyOf(findings);
    leaks = List.copyOf(leaks);
    losses = List.copyOf(losses);
    stuck = List.copyOf(stuck);
    waiting = List.copyOf(waiting);
    undecided = List.copyOf(undecided);
    remedies = List.copyOf(remedies);
  }

  /**
   * What to do about a fault, in a sentence: what the mail router that the messages name lacks,
   * where that is known, else what any router should do.
   */
  public String remedy(Finding fault) {
    FixAdvice advice = fault.check().advice();
    return advice.settings().getOrDefault(router, List.of()).stream()
        .map(line -> line.startsWith("# ") ? line.substring(2) : line)
        .filter(line -> line.startsWith(router + " "))
        .findFirst()
        .orElse(advice.general());
  }

  /** Whether legitimate mail was bounced, or got through in no try. */
  public boolean loses() {
    return !losses.isEmpty() || !stuck.isEmpty();
  }

  /** Over how many traps the grade is, of all that the lab has, and of those that were chosen. */
  public String over() {
    int all = Traps.cases().size();
    String chosen = trapCount() == all ? "" : ", " + trapCount() + " of them chosen";
    return tested + " of " + all + " traps" + chosen;
  }

  /** The findings about test cases, without those about the sender as a whole. */
  public List<Finding> traps() {
    return findings.stream().filter(f -> f.check().id().startsWith("lab.")).toList();
  }

  /** How many test cases there are. */
  public int trapCount() {
    return traps().size();
  }

  /** How many findings have this outcome. */
  public long count(CheckOutcome outcome) {
    return findings.stream().filter(f -> f.outcome() == outcome).count();
  }
}

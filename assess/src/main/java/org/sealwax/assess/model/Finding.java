package org.sealwax.assess.model;

import java.util.ArrayList;
import java.util.List;

/**
 * The result of one check at one location.
 *
 * @param check the check
 * @param outcome what came of it
 * @param aspect in which way, one of the check's aspects, or empty
 * @param location where
 * @param observed what was seen, one sentence, with figures
 * @param evidence the evidence for it
 * @param openQuestion what the conclusion leaves open, because it was not seen; empty when nothing
 * @param lines what to do here, exactly: records or settings with the values of this very target;
 *     the general advice is the check's
 */
public record Finding(
    Check check,
    CheckOutcome outcome,
    String aspect,
    FindingLocation location,
    String observed,
    String openQuestion,
    List<FindingEvidence> evidence,
    List<String> lines) {
  /** Copies, and checks that the aspect is one of the check's. */
  public Finding {
    evidence = List.copyOf(evidence);
    lines = List.copyOf(lines);
    if (!aspect.isEmpty() && !check.aspects().contains(aspect)) {
      throw new IllegalArgumentException(check.id() + " has no aspect " + aspect);
    }
  }

  /** Without aspect, evidence and lines. */
  public static Finding of(
      Check check, CheckOutcome outcome, FindingLocation location, String seen) {
    return new Finding(check, outcome, "", location, seen, "", List.of(), List.of());
  }

  /** The same in another aspect. */
  public Finding as(String other) {
    return new Finding(check, outcome, other, location, observed, openQuestion, evidence, lines);
  }

  /** The same with another sentence of what was seen. */
  public Finding observing(String seen) {
    return new Finding(check, outcome, aspect, location, seen, openQuestion, evidence, lines);
  }

  /** The same with what it leaves open; an empty text changes nothing. */
  public Finding withOpenQuestion(String open) {
    return open.isEmpty()
        ? this
        : new Finding(
            check,
            outcome,
            aspect,
            location,
            observed,
            openQuestion.isEmpty() ? open : openQuestion + "; " + open,
            evidence,
            lines);
  }

  /** The same with more evidence. */
  public Finding with(FindingEvidence more) {
    List<FindingEvidence> all = new ArrayList<>(evidence);
    all.add(more);
    return new Finding(check, outcome, aspect, location, observed, openQuestion, all, lines);
  }

  /** The same with more lines of what to do. */
  public Finding advising(List<String> more) {
    List<String> all = new ArrayList<>(lines);
    all.addAll(more);
    return new Finding(check, outcome, aspect, location, observed, openQuestion, evidence, all);
  }

  /**
   * What was found, in a few words: of a result that is not a pass, not the check's wish but its
   * heading for this aspect.
   */
  public String heading() {
    return switch (outcome) {
      case WARN, FAIL, INFO -> check.headings().getOrDefault(aspect, check.title());
      case PASS, INCONCLUSIVE, NOT_TESTED, NOT_NEEDED -> check.title();
    };
  }

  /** Whether something is to be fixed. */
  public boolean isFault() {
    return outcome == CheckOutcome.FAIL || outcome == CheckOutcome.WARN;
  }

  /** What was seen, and what that leaves open. */
  public String text() {
    return openQuestion.isEmpty() ? observed : observed + " (" + openQuestion + ")";
  }

  /** {@code kex.dh} or {@code kex.dh/export}: stable, understood by {@code explain --code}. */
  public String code() {
    return aspect.isEmpty() ? check.id() : check.id() + "/" + aspect;
  }
}

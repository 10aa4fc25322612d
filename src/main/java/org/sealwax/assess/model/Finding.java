package org.sealwax.assess.model;

import java.util.ArrayList;
import java.util.List;

/**
 * What one check came to at one place.
 *
 * @param check what was looked at
 * @param outcome what came of it
 * @param aspect in which way, one of the check's aspects, or empty
 * @param place where
 * @param seen what was seen, one sentence, with figures
 * @param evidence what it rests on
 * @param doubt what the conclusion leaves open, because it was not seen; empty when nothing
 * @param lines what to do here, exactly: records or settings with the values of this very target;
 *     the general advice is the check's
 */
public record Finding(
    Check check,
    Outcome outcome,
    String aspect,
    Place place,
    String seen,
    String doubt,
    List<Evidence> evidence,
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
  public static Finding of(Check check, Outcome outcome, Place place, String seen) {
    return new Finding(check, outcome, "", place, seen, "", List.of(), List.of());
  }

  /** The same in another aspect. */
  public Finding as(String other) {
    return new Finding(check, outcome, other, place, seen, doubt, evidence, lines);
  }

  /** The same with what it leaves open; an empty text changes nothing. */
  public Finding doubting(String open) {
    return open.isEmpty()
        ? this
        : new Finding(
            check,
            outcome,
            aspect,
            place,
            seen,
            doubt.isEmpty() ? open : doubt + "; " + open,
            evidence,
            lines);
  }

  /** The same with more evidence. */
  public Finding with(Evidence more) {
    List<Evidence> all = new ArrayList<>(evidence);
    all.add(more);
    return new Finding(check, outcome, aspect, place, seen, doubt, all, lines);
  }

  /** The same with more lines of what to do. */
  public Finding advising(List<String> more) {
    List<String> all = new ArrayList<>(lines);
    all.addAll(more);
    return new Finding(check, outcome, aspect, place, seen, doubt, evidence, all);
  }

  /** What was seen, and what that leaves open. */
  public String words() {
    return doubt.isEmpty() ? seen : seen + " (" + doubt + ")";
  }

  /** {@code kex.dh} or {@code kex.dh/export}: stable, understood by {@code explain --code}. */
  public String code() {
    return aspect.isEmpty() ? check.id() : check.id() + "/" + aspect;
  }
}

package org.sealwax.mail.policy;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.RandomAccess;

/**
 * The origins of a requirement, one line for each piece of evidence. The lines are formatted only
 * when they are read: most deliveries need none, and formatting a time costs more than deciding a
 * policy.
 */
final class RequirementOrigins extends AbstractList<String> implements RandomAccess {
  private final List<Evidence> evidence;

  private RequirementOrigins(List<Evidence> evidence) {
    this.evidence = evidence;
  }

  static List<String> of(Evidence evidence) {
    return new RequirementOrigins(List.of(evidence));
  }

  /** Immutable either way. */
  static List<String> copyOf(List<String> lines) {
    return lines instanceof RequirementOrigins ? lines : List.copyOf(lines);
  }

  /** The lines of both, those of this one first. */
  static List<String> both(List<String> first, List<String> then) {
    if (first instanceof RequirementOrigins a && then instanceof RequirementOrigins b) {
      List<Evidence> all = new ArrayList<>(a.size() + b.size());
      all.addAll(a.evidence);
      all.addAll(b.evidence);
      return new RequirementOrigins(List.copyOf(all));
    }
    List<String> all = new ArrayList<>(first);
    all.addAll(then);
    return List.copyOf(all);
  }

  @Override
  public String get(int index) {
    return evidence.get(index).origin();
  }

  @Override
  public int size() {
    return evidence.size();
  }
}

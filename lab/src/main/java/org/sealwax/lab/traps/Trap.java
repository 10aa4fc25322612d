package org.sealwax.lab.traps;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * One deliberately broken receiver (or a good one, for control).
 *
 * @param id as in the list of traps: {@code E3}; variants of one have a letter more: {@code F8b}
 * @param title what is broken, in a few words
 * @param expected what a correct sender does, in a few words
 * @param source its document: {@code RFC 7672 2.2}
 * @param contexts policies under which it is tested, in this order
 * @param wrong what is done to a good site of the context
 */
public record Trap(
    String id,
    String title,
    String expected,
    String source,
    Set<PolicyContext> contexts,
    UnaryOperator<Site> wrong) {
  /** Checks. */
  public Trap {
    if (!id.matches("[A-I][0-9]{1,2}[a-d]?") || contexts.isEmpty()) {
      throw new IllegalArgumentException(
          "a trap id is a letter, a number and an optional variant: " + id);
    }
    contexts = java.util.Collections.unmodifiableSet(EnumSet.copyOf(contexts));
  }

  /**
   * One trap in one context, which is one test case.
   *
   * @param trap the trap
   * @param context one of its contexts
   */
  public record TrapCase(Trap trap, PolicyContext context) {
    /** The label that stands in names and in the table: {@code e3}, or {@code d1s}. */
    public String label() {
      String id = trap.id().toLowerCase(Locale.ROOT);
      return trap.contexts().size() == 1 ? id : id + context.letter();
    }

    /** The site under test: a good one of the context with the trap's change. */
    public Site site() {
      return trap.wrong().apply(Site.of(context));
    }
  }

  /** The test cases of this trap. */
  public List<TrapCase> cases() {
    return contexts.stream().map(c -> new TrapCase(this, c)).toList();
  }
}

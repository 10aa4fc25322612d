package org.sealwax.router.feedback;

/**
 * An alias and where it leads.
 *
 * @param alias empty: not known
 * @param target empty: not known, or one of several
 */
public record AliasTarget(String alias, String target) implements Comparable<AliasTarget> {
  static final AliasTarget UNKNOWN = alias("").to("");

  /** The first half of one. */
  record Alias(String name) {
    AliasTarget to(String target) {
      return new AliasTarget(name, target);
    }
  }

  static Alias alias(String name) {
    return new Alias(name);
  }

  @Override
  public int compareTo(AliasTarget other) {
    int order = alias.compareTo(other.alias);
    return order != 0 ? order : target.compareTo(other.target);
  }
}

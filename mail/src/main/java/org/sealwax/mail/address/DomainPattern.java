package org.sealwax.mail.address;

import java.util.Optional;

/**
 * How configuration rows name domains: {@code example.org} is that domain only, {@code
 * .example.org} everything strictly below it, {@code *} every domain. More specific wins; {@link
 * #specificity()} orders them.
 */
public sealed interface DomainPattern {
  /**
   * One domain.
   *
   * @param domain the domain
   */
  record Exact(Domain domain) implements DomainPattern {}

  /**
   * All domains strictly below one.
   *
   * @param parent the domain above
   */
  record Below(Domain parent) implements DomainPattern {}

  /** Every domain. */
  record Any() implements DomainPattern {}

  /**
   * {@return whether this pattern covers {@code domain}}
   *
   * @param domain the domain
   */
  default boolean matches(Domain domain) {
    return switch (this) {
      case Exact e -> e.domain().equals(domain);
      case Below b -> domain.isBelow(b.parent());
      case Any a -> true;
    };
  }

  /**
   * Greater is more specific: exact before the longest parent before any.
   *
   * @return a number that is greater for the more specific pattern
   */
  default int specificity() {
    return switch (this) {
      case Exact e -> Integer.MAX_VALUE;
      case Below b -> b.parent().name().length();
      case Any a -> 0;
    };
  }

  /**
   * As rows write it.
   *
   * @return the pattern in the form that rows use
   */
  default String text() {
    return switch (this) {
      case Exact e -> e.domain().name();
      case Below b -> "." + b.parent().name();
      case Any a -> "*";
    };
  }

  /**
   * Reads a row's pattern.
   *
   * @param text the text to read
   * @return the pattern; empty when the text is not a pattern
   */
  static Optional<DomainPattern> parse(String text) {
    if (text.equals("*")) {
      return Optional.of(new Any());
    }
    if (text.startsWith(".")) {
      return Domain.parse(text.substring(1)).map(Below::new);
    }
    return Domain.parse(text).map(Exact::new);
  }
}

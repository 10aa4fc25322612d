package org.sealwax.mail.address;

import java.util.Optional;

/**
 * A fully qualified domain name in lower-case A-label form without the trailing dot (RFC 5890
 * 2.3.2.1, RFC 1035 2.3.1; underscores are admitted because the DNS has them).
 *
 * @param name for example {@code mx.example.org} or {@code xn--bcher-kva.example}
 */
public record Domain(String name) implements MailHost, Comparable<Domain> {
  /** Bytes of a name in presentation form (RFC 1035 2.3.4, less length bytes and root). */
  public static final int MAX_LENGTH = 253;

  /** Bytes of one label (RFC 1035 2.3.4). */
  public static final int MAX_LABEL = 63;

  /** Checks that the name already has the canonical form; use {@link #parse} for outside input. */
  public Domain {
    if (!isCanonical(name) && !QueryNames.isEscaped(name)) {
      throw new IllegalArgumentException("not a canonical domain name: " + name);
    }
  }

  /**
   * Reads a name as people and peers write it: any case, optional trailing dot, U-labels (UTS 46).
   * A-labels must be those of a U-label.
   *
   * @param text the text to read
   * @return the domain; empty when the text is not a domain name
   */
  public static Optional<Domain> parse(String text) {
    if (isCanonical(text) && !Idna.is(text)) {
      // Most names already have this form: from a store, from a name with a prefix, from most
      // peers.
      return Optional.of(new Domain(text));
    }
    String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
    if (name.isEmpty() || name.length() > 4 * MAX_LENGTH) {
      return Optional.empty();
    }
    if (!Idna.is(name)) {
      return canonical(name);
    }
    return Idna.ascii(name)
        .map(n -> n.endsWith(".") ? n.substring(0, n.length() - 1) : n)
        .flatMap(Domain::canonical);
  }

  /**
   * {@return a name as the DNS has it: ASCII in any case, without a check of its A-labels, so that
   * a zone with an invalid one stays reachable}
   *
   * @param text the text to read
   */
  public static Optional<Domain> ofDns(String text) {
    return canonical(text.endsWith(".") ? text.substring(0, text.length() - 1) : text);
  }

  /**
   * {@return a name that exists only to be asked for: its labels may have any printable ASCII
   * character, as those that SPF macros make (RFC 7208 7). Each character that a domain does not
   * have is written as its decimal code (RFC 1035 5.1: {@code a\\043b.example}). Empty when the DNS
   * cannot have the name.}
   *
   * @param text labels with dots between them, without a trailing dot, nothing escaped
   */
  public static Optional<Domain> ofQuery(String text) {
    return QueryNames.escaped(lower(text)).map(Domain::new);
  }

  private static Optional<Domain> canonical(String name) {
    String lower = lower(name);
    return isCanonical(lower) ? Optional.of(new Domain(lower)) : Optional.empty();
  }

  /** In lower case, ASCII only: no letter of another alphabet becomes ASCII. */
  private static String lower(String name) {
    StringBuilder lower = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      lower.append(c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c);
    }
    return lower.toString();
  }

  /**
   * {@return the domain of a literal in our own code or of checked input}
   *
   * @param text the text to read
   * @throws IllegalArgumentException when the text is not a domain name
   */
  public static Domain of(String text) {
    return parse(text)
        .orElseThrow(() -> new IllegalArgumentException("not a domain name: " + text));
  }

  static boolean isCanonical(String name) {
    if (name.isEmpty() || name.length() > MAX_LENGTH) {
      return false;
    }
    int label = 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '.') {
        if (label == 0 || name.charAt(i - 1) == '-') {
          return false;
        }
        label = 0;
        continue;
      }
      boolean letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
      if (!letter && (c != '-' || label == 0)) {
        return false;
      }
      if (++label > MAX_LABEL) {
        return false;
      }
    }
    return label > 0 && name.charAt(name.length() - 1) != '-';
  }

  /**
   * {@return whether this domain is strictly below {@code parent}}
   *
   * @param parent the domain above
   */
  public boolean isBelow(Domain parent) {
    return name.length() > parent.name.length() + 1
        && name.endsWith(parent.name)
        && name.charAt(name.length() - parent.name.length() - 1) == '.';
  }

  /** {@return the domain without its left-most label; empty for a top-level name} */
  public Optional<Domain> parent() {
    int dot = name.indexOf('.');
    return dot < 0 ? Optional.empty() : Optional.of(new Domain(name.substring(dot + 1)));
  }

  @Override
  public int compareTo(Domain other) {
    return name.compareTo(other.name);
  }

  /** The name itself. */
  @Override
  public String toString() {
    return name;
  }
}

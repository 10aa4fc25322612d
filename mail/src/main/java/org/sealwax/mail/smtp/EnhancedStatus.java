package org.sealwax.mail.smtp;

import java.util.Optional;

/**
 * An enhanced mail system status code (RFC 3463 section 2, RFC 2034).
 *
 * @param kind 2 success, 4 persistent transient failure, 5 permanent failure
 * @param subject 0 to 999
 * @param detail 0 to 999
 */
public record EnhancedStatus(int kind, int subject, int detail) {
  /** The kind of a permanent failure. */
  public static final int PERMANENT = 5;

  /** Checks the ranges of RFC 3463 section 2. */
  public EnhancedStatus {
    boolean known = kind == 2 || kind == 4 || kind == 5;
    if (!known || subject < 0 || subject > 999 || detail < 0 || detail > 999) {
      throw new IllegalArgumentException(
          "not an enhanced status code: " + kind + "." + subject + "." + detail);
    }
  }

  /**
   * {@return a code that is written in the program}
   *
   * @param text {@code 5.1.1}
   * @throws IllegalArgumentException for any other text
   */
  public static EnhancedStatus of(String text) {
    return parse(text).orElseThrow(() -> new IllegalArgumentException(text));
  }

  /**
   * Reads exactly {@code 5.1.1} and nothing around it.
   *
   * @param text the text to read
   * @return the code; empty for any other text
   */
  public static Optional<EnhancedStatus> parse(String text) {
    int first = text.indexOf('.');
    int second = text.indexOf('.', first + 1);
    if (first != 1 || second < 0 || second - first > 4 || text.length() - second > 4) {
      return Optional.empty();
    }
    if (second == first + 1 || second == text.length() - 1) {
      return Optional.empty();
    }
    int[] parts = new int[3];
    int part = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '.') {
        if (++part > 2) {
          return Optional.empty();
        }
      } else if (c >= '0' && c <= '9') {
        parts[part] = parts[part] * 10 + (c - '0');
      } else {
        return Optional.empty();
      }
    }
    boolean known = parts[0] == 2 || parts[0] == 4 || parts[0] == 5;
    return known ? Optional.of(new EnhancedStatus(parts[0], parts[1], parts[2])) : Optional.empty();
  }

  /**
   * {@return the same code as a temporary or permanent failure}
   *
   * @param other 4 or 5
   */
  public EnhancedStatus withKind(int other) {
    return new EnhancedStatus(other, subject, detail);
  }

  /** The dotted form. */
  @Override
  public String toString() {
    return kind + "." + subject + "." + detail;
  }
}

package org.sealwax.mail.address;

import java.util.Optional;

/**
 * The character between a name and its extension in a local part: {@code +} in {@code name+ext}
 * (RFC 5233 section 1, Postfix's {@code recipient_delimiter}).
 *
 * @param text one character; empty: names have no extensions
 */
public record RecipientDelimiter(String text) {
  /** The usual one. */
  public static final RecipientDelimiter PLUS = new RecipientDelimiter("+");

  /** Characters that end a local part, or that other routers read as a route. */
  private static final String EXCLUDED = "@%!\"";

  /**
   * Checks.
   *
   * @throws IllegalArgumentException when it is longer, or a character with another meaning
   */
  public RecipientDelimiter {
    if (!isValid(text)) {
      throw new IllegalArgumentException("a delimiter is one character, such as +");
    }
  }

  private static boolean isValid(String text) {
    return text.length() <= 1 && (text.isEmpty() || EXCLUDED.indexOf(text.charAt(0)) < 0);
  }

  /**
   * {@return the delimiter that a text is, if it can be one}
   *
   * @param text one character, or empty
   */
  public static Optional<RecipientDelimiter> parse(String text) {
    return isValid(text) ? Optional.of(new RecipientDelimiter(text)) : Optional.empty();
  }

  /**
   * {@return the number of characters before the extension; -1 when there is none}
   *
   * @param localPart of an address
   */
  public int endOfName(String localPart) {
    return text.isEmpty() ? -1 : localPart.indexOf(text);
  }
}

package org.sealwax.mail.http;

/**
 * One field of a message (RFC 9110 section 5).
 *
 * @param name in lower case when it was read
 * @param value without blanks around it, as ISO 8859-1; no control characters but tabs
 */
public record HttpField(String name, String value) {
  /** Refuses what would end the field: a value that a client chose must not add another one. */
  public HttpField {
    if (!isValue(value)) {
      throw new IllegalArgumentException("a control character in a field");
    }
  }

  /** RFC 9110 §5.5, with tabs. */
  static boolean isValue(String text) {
    return text.chars().allMatch(c -> c == '\t' || (c >= 0x20 && c != 0x7f));
  }
}

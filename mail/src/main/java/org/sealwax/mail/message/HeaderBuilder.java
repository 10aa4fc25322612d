package org.sealwax.mail.message;

import java.nio.charset.StandardCharsets;

/**
 * A header section in the making: for DSNs, and for fields that go before a message. Fields keep
 * their order and are folded at spaces.
 */
public final class HeaderBuilder {
  /** Bytes of a line without CRLF (RFC 5322 2.1.1); a word that is longer is refused. */
  public static final int MAX_LINE = 998;

  private final StringBuilder out = new StringBuilder(512);

  /** An empty section. */
  public HeaderBuilder() {}

  /**
   * Appends a field.
   *
   * @param name printable ASCII without colon (RFC 5322 2.2)
   * @param value unstructured or structured text; runs of spaces shrink to one; non-ASCII goes out
   *     as UTF-8, which needs SMTPUTF8 (RFC 6532)
   * @return this
   * @throws IllegalArgumentException for a bad name, a control character in the value (header
   *     injection), or a word longer than a line
   */
  public HeaderBuilder add(String name, String value) {
    if (!isFieldName(name)) {
      throw new IllegalArgumentException("not a field name");
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if ((c < ' ' && c != '\t') || c == 0x7f) {
        throw new IllegalArgumentException("control character in the value of " + name);
      }
    }
    String field = new Folding(name).words(value.replace('\t', ' ')).end();
    int start = 0;
    for (int end = field.indexOf("\r\n"); end >= 0; end = field.indexOf("\r\n", start)) {
      if (field.substring(start, end).getBytes(StandardCharsets.UTF_8).length > MAX_LINE) {
        throw new IllegalArgumentException("a word of " + name + " is longer than a line");
      }
      start = end + 2;
    }
    out.append(field);
    return this;
  }

  private static boolean isFieldName(String name) {
    if (name.isEmpty() || name.length() > HeaderScanner.MAX_NAME) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c <= ' ' || c >= 0x7f || c == ':') {
        return false;
      }
    }
    return true;
  }

  /** The fields with their CRLFs, without the empty line that ends a header section. */
  @Override
  public String toString() {
    return out.toString();
  }
}

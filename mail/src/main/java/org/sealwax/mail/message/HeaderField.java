package org.sealwax.mail.message;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One header field exactly as it stands in a message (RFC 5322 section 2.2).
 *
 * @param name as written, without white space before the colon
 * @param raw the whole field, one character for each byte (ISO 8859-1), with its folding and
 *     without the line end after it
 */
public record HeaderField(String name, String raw) {
  /** Checks that the field begins with its name. */
  public HeaderField {
    if (!raw.startsWith(name) || raw.indexOf(':') < name.length()) {
      throw new IllegalArgumentException("not a field of this name");
    }
  }

  /**
   * {@return a field from its text}
   *
   * @param raw the whole field, as in {@link #raw()}; it must have a colon
   */
  public static HeaderField of(String raw) {
    int end = raw.indexOf(':');
    while (end > 0 && (raw.charAt(end - 1) == ' ' || raw.charAt(end - 1) == '\t')) {
      end--;
    }
    return new HeaderField(raw.substring(0, end), raw);
  }

  /** {@return what follows the colon, with its folding, one character for each byte} */
  public String value() {
    return raw.substring(raw.indexOf(':') + 1);
  }

  /** {@return the value unfolded (RFC 5322 2.2.3) and read as UTF-8, without outer white space} */
  public String text() {
    String unfolded = value().replace("\r", "").replace("\n", "");
    return new String(unfolded.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8)
        .strip();
  }

  /** {@return the name in lower case, by which fields are compared} */
  public String key() {
    return name.toLowerCase(Locale.ROOT);
  }

  /**
   * {@return whether the field has this name, in any case}
   *
   * @param other a field name
   */
  public boolean isNamed(String other) {
    return name.equalsIgnoreCase(other);
  }
}

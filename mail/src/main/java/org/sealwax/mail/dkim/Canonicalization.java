package org.sealwax.mail.dkim;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.message.HeaderField;

/** How header or body are brought into the form that is signed (RFC 6376 section 3.4). */
enum Canonicalization {
  /** Section 3.4.1 and 3.4.3. */
  SIMPLE,
  /** Section 3.4.2 and 3.4.4. */
  RELAXED;

  static Optional<Canonicalization> of(String tag) {
    return switch (tag) {
      case "simple" -> Optional.of(SIMPLE);
      case "relaxed" -> Optional.of(RELAXED);
      default -> Optional.empty();
    };
  }

  /** The field in its signed form, without the line end. */
  byte[] field(HeaderField field) {
    String text =
        switch (this) {
          case SIMPLE -> field.raw();
          case RELAXED -> relaxed(field);
        };
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String relaxed(HeaderField field) {
    String value = field.value();
    StringBuilder out = new StringBuilder(field.raw().length());
    out.append(field.name().toLowerCase(Locale.ROOT)).append(':');
    int begin = out.length();
    boolean space = false;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (TagList.isBlank(c)) {
        space = true;
      } else if (c != '\r' && c != '\n') {
        if (space && out.length() > begin) {
          out.append(' ');
        }
        space = false;
        out.append(c);
      }
    }
    return out.toString();
  }
}

package org.sealwax.mail.address;

import java.util.Locale;
import java.util.Optional;

/**
 * Names with characters that no domain has, in the presentation form of RFC 1035 section 5.1. Each
 * name has exactly one form.
 */
final class QueryNames {
  /** A backslash and three digits. */
  private static final int ESCAPE = 4;

  private QueryNames() {}

  /**
   * The form of a name in lower case, without escapes; a domain stays as it is. Empty when a label
   * is empty or too long, when the name is too long, or for characters that are not printable
   * ASCII.
   */
  static Optional<String> escaped(String plain) {
    if (plain.isEmpty() || plain.length() > Domain.MAX_LENGTH) {
      return Optional.empty();
    }
    StringBuilder out = new StringBuilder(plain.length() + ESCAPE);
    for (String label : plain.split("\\.", -1)) {
      if (label.isEmpty() || label.length() > Domain.MAX_LABEL) {
        return Optional.empty();
      }
      out.append(out.isEmpty() ? "" : ".");
      for (int i = 0; i < label.length(); i++) {
        char c = label.charAt(i);
        if (c < ' ' || c > '~') {
          return Optional.empty();
        }
        boolean inside = i > 0 && i < label.length() - 1;
        boolean usual =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c == '-' && inside);
        if (usual) {
          out.append(c);
        } else {
          out.append('\\').append(String.format(Locale.ROOT, "%03d", (int) c));
        }
      }
    }
    return Optional.of(out.toString());
  }

  /** Whether this is a form with escapes that {@link #escaped} makes. */
  static boolean isEscaped(String form) {
    if (form.indexOf('\\') < 0 || form.length() > ESCAPE * Domain.MAX_LENGTH) {
      return false;
    }
    StringBuilder plain = new StringBuilder(form.length());
    int at = 0;
    while (at < form.length()) {
      char c = form.charAt(at);
      if (c != '\\') {
        plain.append(c);
        at++;
        continue;
      }
      int code = at + ESCAPE <= form.length() ? code(form.substring(at + 1, at + ESCAPE)) : -1;
      if (code < 0 || code == '.') {
        return false;
      }
      plain.append((char) code);
      at += ESCAPE;
    }
    return escaped(plain.toString()).filter(form::equals).isPresent();
  }

  private static int code(String digits) {
    return digits.chars().allMatch(c -> c >= '0' && c <= '9') ? Integer.parseInt(digits) : -1;
  }
}

package org.sealwax.mail.message;

import javax.security.auth.x500.X500Principal;

/** The name of a certificate in a log line. */
final class CommonName {
  private CommonName() {}

  /**
   * The most specific CN of a distinguished name; the whole name (RFC 2253) when it has none;
   * {@code (none)} when it is empty. Text as the certificate's maker chose it: hostile until
   * cleaned.
   */
  static String of(X500Principal name) {
    String text = name.getName(X500Principal.RFC2253);
    int at = 0;
    while (at < text.length()) {
      int end = endOfValue(text, at);
      if (text.startsWith("CN=", at)) {
        return unescaped(text.substring(at + 3, end));
      }
      at = end + 1;
    }
    return text.isEmpty() ? "(none)" : text;
  }

  // RFC 2253 3: pairs end at an unescaped comma or plus outside quotes.
  private static int endOfValue(String text, int from) {
    boolean quoted = false;
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == ',' || c == '+')) {
        return i;
      }
    }
    return text.length();
  }

  private static String unescaped(String value) {
    StringBuilder out = new StringBuilder(value.length());
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '\\' && i + 1 < value.length()) {
        c = value.charAt(++i);
      }
      out.append(c);
    }
    return out.toString();
  }
}

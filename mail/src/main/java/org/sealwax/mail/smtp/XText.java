package org.sealwax.mail.smtp;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The encoding of DSN parameters (RFC 3461 section 4). */
public final class XText {
  private static final String HEX = "0123456789ABCDEF";

  private XText() {}

  /**
   * {@return whether {@code text} is well-formed xtext}
   *
   * @param text the text to read
   */
  public static boolean isXText(String text) {
    return decode(text).isPresent();
  }

  /**
   * Decodes; bytes that are not UTF-8 make it empty, as does a bad {@code +} sequence.
   *
   * @param text the text to read
   * @return the text; empty for a bad sequence or bytes that are not UTF-8
   */
  public static Optional<String> decode(String text) {
    byte[] out = new byte[text.length()];
    int length = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < '!' || c > '~' || c == '=') {
        return Optional.empty();
      }
      if (c != '+') {
        out[length++] = (byte) c;
        continue;
      }
      if (i + 2 >= text.length()) {
        return Optional.empty();
      }
      // Upper case only (RFC 3461 section 4).
      int high = HEX.indexOf(text.charAt(i + 1));
      int low = HEX.indexOf(text.charAt(i + 2));
      if (high < 0 || low < 0) {
        return Optional.empty();
      }
      out[length++] = (byte) (high << 4 | low);
      i += 2;
    }
    String decoded = new String(out, 0, length, StandardCharsets.UTF_8);
    return decoded.indexOf('\uFFFD') >= 0 ? Optional.empty() : Optional.of(decoded);
  }
}

package org.sealwax.mail.smtp;

import java.util.Optional;
import org.sealwax.mail.address.LocalPart;

/**
 * The value of ORCPT: {@code addr-type;xtext} (RFC 3461 4.2), and for the type {@code utf-8} a form
 * of its own, in which {@code \\x{HEX}} stands for a character (RFC 6533 3).
 */
public final class OriginalRecipient {
  private static final String UTF8 = "utf-8;";
  private static final int MAX_DIGITS = 6;

  private OriginalRecipient() {}

  /**
   * {@return whether it has the form that its type demands, and not more than 500 characters}
   *
   * @param value the value of the ORCPT parameter, decoded
   */
  public static boolean isValid(String value) {
    int semicolon = value.indexOf(';');
    if (semicolon < 1 || value.length() > SmtpLimits.ORIGINAL_RECIPIENT) {
      return false;
    }
    for (int i = 0; i < semicolon; i++) {
      char c = value.charAt(i);
      boolean atom = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      if (!atom && c != '-') {
        return false;
      }
    }
    return address(value).filter(a -> !a.isEmpty()).isPresent();
  }

  /**
   * {@return the address type as given}
   *
   * @param value the value of the ORCPT parameter, decoded
   */
  public static String type(String value) {
    return value.substring(0, Math.max(0, value.indexOf(';')));
  }

  /**
   * {@return the address, decoded once; empty when the form is broken}
   *
   * @param value the value of the ORCPT parameter, decoded
   */
  public static Optional<String> address(String value) {
    String encoded = value.substring(value.indexOf(';') + 1);
    return isUtf8(value) ? decoded(encoded) : XText.decode(encoded);
  }

  private static boolean isUtf8(String value) {
    return value.regionMatches(true, 0, UTF8, 0, UTF8.length());
  }

  /**
   * {@return the 7-bit form, which every server with DSN takes, also one without SMTPUTF8 (RFC 6533
   * 3, utf-8-addr-xtext); empty when it is longer than ORCPT may be}
   *
   * @param value the value of the ORCPT parameter, decoded
   */
  public static Optional<String> sevenBit(String value) {
    String seven = LocalPart.ascii(value);
    return seven.length() > SmtpLimits.ORIGINAL_RECIPIENT ? Optional.empty() : Optional.of(seven);
  }

  /** utf-8-addr-xtext and utf-8-addr-unitext: QUCHAR and embedded characters. */
  private static Optional<String> decoded(String encoded) {
    StringBuilder out = new StringBuilder(encoded.length());
    for (int i = 0; i < encoded.length(); ) {
      int c = encoded.codePointAt(i);
      if (c == '\\') {
        int end = encoded.indexOf('}', i);
        Optional<Integer> embedded =
            encoded.startsWith("\\x{", i) && end > 0
                ? embedded(encoded.substring(i + 3, end))
                : Optional.empty();
        if (embedded.isEmpty()) {
          return Optional.empty();
        }
        out.appendCodePoint(embedded.get());
        i = end + 1;
        continue;
      }
      boolean plain = c > ' ' && c < 0x7f && c != '+' && c != '=';
      boolean other = c > 0x9f && !(c >= 0xd800 && c <= 0xdfff);
      if (!plain && !other) {
        return Optional.empty();
      }
      out.appendCodePoint(c);
      i += Character.charCount(c);
    }
    return Optional.of(out.toString());
  }

  private static Optional<Integer> embedded(String hex) {
    if (hex.isEmpty() || hex.length() > MAX_DIGITS || hex.chars().anyMatch(c -> !isHex(c))) {
      return Optional.empty();
    }
    int c = Integer.parseInt(hex, 16);
    return c == 0 || c > Character.MAX_CODE_POINT || c >= 0xd800 && c <= 0xdfff
        ? Optional.empty()
        : Optional.of(c);
  }

  /** Upper case only, as the grammar has it. */
  private static boolean isHex(int c) {
    return c >= '0' && c <= '9' || c >= 'A' && c <= 'F';
  }
}

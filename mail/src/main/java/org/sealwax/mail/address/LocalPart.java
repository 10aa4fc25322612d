package org.sealwax.mail.address;

import java.text.Normalizer;
import java.util.Locale;

/**
 * Comparison of local parts. One place for aliases, recipients, reject rows, roles and loop guards:
 * with two different comparisons, one check could be bypassed.
 */
public final class LocalPart {
  private LocalPart() {}

  /**
   * {@return the form in which local parts are equal: composed (NFC, RFC 6532 section 3.1), and A
   * to Z in lower case} Case of other letters counts (RFC 5321 section 2.4 knows ASCII alone):
   * Java's own folding takes a long s for an s. (A Kelvin sign is a K by NFC itself.)
   *
   * @param local the local part
   */
  public static String folded(String local) {
    String one = composed(local);
    StringBuilder out = null;
    for (int i = 0; i < one.length(); i++) {
      char c = one.charAt(i);
      if (c >= 'A' && c <= 'Z') {
        if (out == null) {
          out = new StringBuilder(one);
        }
        out.setCharAt(i, (char) (c + ('a' - 'A')));
      }
    }
    return out == null ? one : out.toString();
  }

  /**
   * {@return the form in which local parts are equal where case counts: composed (NFC)}
   *
   * @param local the local part
   */
  public static String composed(String local) {
    return isAscii(local) ? local : Normalizer.normalize(local, Normalizer.Form.NFC);
  }

  /** Whether all characters are ASCII. */
  static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  /**
   * {@return the same in ASCII: other characters as <code>\x{F6}</code> (RFC 6533 section 3)} For
   * fields of our own, which must not be what a message needs SMTPUTF8 for.
   *
   * @param text the text to fold
   */
  public static String ascii(String text) {
    if (isAscii(text)) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            c -> {
              if (c < 0x80) {
                out.append((char) c);
              } else {
                out.append("\\x{")
                    .append(Integer.toHexString(c).toUpperCase(Locale.ROOT))
                    .append('}');
              }
            });
    return out.toString();
  }

  /**
   * {@return whether {@code local} is {@code name}, a word in lower case: postmaster}
   *
   * @param local the local part
   * @param name the name to compare with
   */
  public static boolean isNamed(String local, String name) {
    return folded(local).equals(name);
  }
}

package org.sealwax.mail.smtp;

/**
 * Case of the protocol's keywords: US-ASCII only (RFC 5321 2.4). Java's own folding takes a long s
 * for an S and a Kelvin sign for a K, and what one parser takes for STARTTLS another one must too.
 */
final class Ascii {
  private Ascii() {}

  /** With a to z in upper case, and all else as it was. */
  static String upper(String text) {
    StringBuilder out = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 'a' && c <= 'z') {
        if (out == null) {
          out = new StringBuilder(text);
        }
        out.setCharAt(i, (char) (c - 32));
      }
    }
    return out == null ? text : out.toString();
  }

  /** Whether {@code word}, which is in upper case, stands at {@code at} in any case. */
  static boolean isAt(String text, int at, String word) {
    return at + word.length() <= text.length()
        && upper(text.substring(at, at + word.length())).equals(word);
  }
}

package org.sealwax.address;

import java.text.Normalizer;

/**
 * How local parts are compared. One place for aliases, recipients, reject rows, roles and loop
 * guards: two of them that differ are a way around one of them.
 */
public final class LocalPart {
  private LocalPart() {}

  /**
   * The form in which local parts are equal: composed (NFC, RFC 6532 section 3.1), and A to Z in
   * lower case. Case of other letters counts (RFC 5321 section 2.4 knows ASCII alone): Java's own
   * folding takes a long s for an s. (A Kelvin sign is a K by NFC itself.)
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

  /** The form in which local parts are equal where case counts: composed (NFC). */
  public static String composed(String local) {
    for (int i = 0; i < local.length(); i++) {
      if (local.charAt(i) >= 0x80) {
        return Normalizer.normalize(local, Normalizer.Form.NFC);
      }
    }
    return local;
  }

  /** Whether {@code local} is {@code name}, a word in lower case: postmaster. */
  public static boolean isNamed(String local, String name) {
    return folded(local).equals(name);
  }
}

package org.sealwax.mail.address;

/**
 * A mailbox: local part and domain (RFC 5321 4.1.2, with RFC 6531 local parts in UTF-8).
 *
 * @param localPart the local part with its meaning, that is without quotes and backslashes; never
 *     empty unless it was the quoted empty string; case is kept
 * @param domain where it is
 */
public record Mailbox(String localPart, MailHost domain) {
  /** Bytes of a local part (RFC 5321 4.5.3.1.1). */
  public static final int MAX_LOCAL_PART = 64;

  /** {@return whether this mailbox can travel without SMTPUTF8 (RFC 6531)} */
  public boolean isAscii() {
    return LocalPart.isAscii(localPart);
  }

  /** The form that stands between {@code <} and {@code >}, quoted where it must be. */
  @Override
  public String toString() {
    return quoted(localPart) + "@" + domain;
  }

  private static String quoted(String local) {
    boolean atom = !local.isEmpty() && !local.startsWith(".") && !local.endsWith(".");
    for (int i = 0; atom && i < local.length(); i++) {
      char c = local.charAt(i);
      boolean dotAfterDot = c == '.' && local.charAt(i - 1) == '.';
      atom = !dotAfterDot && (c == '.' || c >= 0x80 || isAtext(c));
    }
    if (atom) {
      return local;
    }
    StringBuilder out = new StringBuilder(local.length() + 8).append('"');
    for (int i = 0; i < local.length(); i++) {
      char c = local.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\');
      }
      out.append(c);
    }
    return out.append('"').toString();
  }

  /**
   * {@return whether {@code c} is an ASCII {@code atext} (RFC 5322 3.2.3)}
   *
   * @param c the character
   */
  public static boolean isAtext(char c) {
    return c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || c >= '0' && c <= '9'
        || "!#$%&'*+-/=?^_`{|}~".indexOf(c) >= 0;
  }
}

package org.sealwax.mail.tls.verdict;

import java.util.regex.Pattern;

/**
 * One certificate association (RFC 6698 2.1) that is usable for SMTP: the {@code dane} package
 * picks the usable ones out of TLSA records, the {@code PeerVerifier} checks whether a chain
 * matches.
 *
 * @param usage 2 (DANE-TA) or 3 (DANE-EE); RFC 7672 3.1
 * @param selector 0 (whole certificate) or 1 (its SubjectPublicKeyInfo)
 * @param matching 0 (the bytes themselves), 1 (SHA-256), 2 (SHA-512)
 * @param data lower-case hex; 64 digits for matching 1, 128 for matching 2
 */
public record TlsaAssociation(int usage, int selector, int matching, String data) {
  private static final Pattern HEX = Pattern.compile("([0-9a-f]{2})+");

  /** Digits of a SHA-256 and of a SHA-512 digest. */
  private static final int SHA_256 = 64;

  private static final int SHA_512 = 128;

  /**
   * Checks that it is usable.
   *
   * @throws IllegalArgumentException when it is not
   */
  public TlsaAssociation {
    if (!isUsable(usage, selector, matching, data)) {
      throw new IllegalArgumentException(
          "not usable for SMTP: " + usage + " " + selector + " " + matching);
    }
  }

  /** {@return whether these are the parts of a usable association} */
  public static boolean isUsable(int usage, int selector, int matching, String data) {
    boolean length =
        switch (matching) {
          case 0 -> true;
          case 1 -> data.length() == SHA_256;
          case 2 -> data.length() == SHA_512;
          default -> false;
        };
    return (usage == 2 || usage == 3)
        && (selector == 0 || selector == 1)
        && length
        && HEX.matcher(data).matches();
  }

  /** Presentation form, for logs, the data cut to the first twelve digits: {@code 3 1 1 2bb1…}. */
  @Override
  public String toString() {
    String shown = data.length() > 12 ? data.substring(0, 12) + "…" : data;
    return usage + " " + selector + " " + matching + " " + shown;
  }
}

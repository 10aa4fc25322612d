package org.sealwax.mail.address;

import com.ibm.icu.text.IDNA;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * Internationalized domain names by UTS 46, non-transitional, with CheckBidi, CheckJoiners and
 * VerifyDnsLength, and without UseSTD3ASCIIRules, because the DNS has underscores. Stateless; the
 * tables are loaded at the first name that needs them.
 */
final class Idna {
  /** Maximum number of characters of a name: no A-label is shorter than its U-label. */
  private static final int MAX_LENGTH = 2 * Domain.MAX_LENGTH;

  /** CheckHyphens is off, as UTS 46 has it for look-ups: {@code r3---sn.example} exists. */
  private static final Set<IDNA.Error> BORNE =
      EnumSet.of(IDNA.Error.HYPHEN_3_4, IDNA.Error.LEADING_HYPHEN, IDNA.Error.TRAILING_HYPHEN);

  private static final IDNA UTS46 =
      IDNA.getUTS46Instance(IDNA.NONTRANSITIONAL_TO_ASCII | IDNA.CHECK_BIDI | IDNA.CHECK_CONTEXTJ);

  private Idna() {}

  /** Whether a name is more than plain ASCII labels: a U-label, or an A-label to be checked. */
  static boolean is(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean label = i == 0 || name.charAt(i - 1) == '.';
      if (c >= 0x80 || label && name.regionMatches(true, i, "xn--", 0, 4)) {
        return true;
      }
    }
    return false;
  }

  /** The name in lower-case A-label form; empty when it is an error by UTS 46. */
  static Optional<String> ascii(String name) {
    if (name.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    IDNA.Info info = new IDNA.Info();
    StringBuilder ascii;
    try {
      ascii = UTS46.nameToASCII(name, new StringBuilder(), info);
    } catch (RuntimeException e) {
      // Some characters become eighteen when they are mapped, and the library throws at labels of
      // more than a thousand.
      return Optional.empty();
    }
    return BORNE.containsAll(info.getErrors()) ? Optional.of(ascii.toString()) : Optional.empty();
  }
}

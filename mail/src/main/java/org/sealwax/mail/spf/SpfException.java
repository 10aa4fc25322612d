package org.sealwax.mail.spf;

/**
 * Ends a check at any depth with {@code temperror} or {@code permerror} (RFC 7208 4.4, 4.6). Never
 * leaves the package.
 */
final class SpfException extends Exception {
  private static final long serialVersionUID = 1;

  private final SpfResult result;

  private SpfException(SpfResult result, String reason) {
    super(reason, null, false, false);
    this.result = result;
  }

  /** An error of the record. */
  static SpfException permanent(String reason) {
    return new SpfException(SpfResult.PERMERROR, reason);
  }

  /** A failed look-up. */
  static SpfException temporary(String reason) {
    return new SpfException(SpfResult.TEMPERROR, reason);
  }

  SpfResult result() {
    return result;
  }

  String reason() {
    return String.valueOf(getMessage());
  }
}

package org.sealwax.mail.dkim;

/** A signature that is not verified, or whose key cannot be used. */
final class DkimFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final DkimStatus status;

  DkimFailure(DkimStatus status, String reason) {
    super(reason, null, false, false);
    this.status = status;
  }

  DkimStatus status() {
    return status;
  }

  String reason() {
    return String.valueOf(getMessage());
  }
}

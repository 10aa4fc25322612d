package org.sealwax.router.milter;

/** A filter failed: no connection, no answer in time, or one that the protocol does not allow. */
final class MilterException extends Exception {
  private static final long serialVersionUID = 1L;

  MilterException(String message) {
    super(message);
  }

  MilterException(String message, Throwable cause) {
    super(message, cause);
  }
}

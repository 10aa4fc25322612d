package org.sealwax.app;

/**
 * Exit codes: 0 to 2 for people, the rest as sysexits(3) has them, which callers of sendmail read.
 */
final class Exit {
  static final int OK = 0;

  /** {@code check} found something worth a thought; a queue command found nothing. */
  static final int WARNINGS = 1;

  /** {@code check} found errors. */
  static final int ERRORS = 2;

  /** EX_USAGE. */
  static final int USAGE = 64;

  /** EX_DATAERR. */
  static final int DATA = 65;

  /** EX_NOUSER. */
  static final int NO_USER = 67;

  /** EX_UNAVAILABLE. */
  static final int UNAVAILABLE = 69;

  /** EX_SOFTWARE. */
  static final int SOFTWARE = 70;

  /** EX_OSERR. */
  static final int SYSTEM = 71;

  /** EX_TEMPFAIL: the caller keeps the mail and tries again. */
  static final int TRY_AGAIN = 75;

  /** EX_CONFIG. */
  static final int CONFIGURATION = 78;

  private Exit() {}
}

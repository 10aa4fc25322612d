package org.sealwax.mail.cli;

/**
 * Exit codes: 0 to 2 for people, the rest as sysexits(3) has them, which callers of sendmail read.
 */
public final class ExitStatus {
  public static final int OK = 0;

  /**
   * {@code check} has warnings; a queue command found nothing; {@code reload} did not load a
   * certificate.
   */
  public static final int WARNINGS = 1;

  /** {@code check} found errors. */
  public static final int ERRORS = 2;

  /** EX_USAGE. */
  public static final int USAGE = 64;

  /** EX_DATAERR. */
  public static final int DATA = 65;

  /** EX_NOUSER. */
  public static final int NO_USER = 67;

  /** EX_UNAVAILABLE. */
  public static final int UNAVAILABLE = 69;

  /** EX_SOFTWARE. */
  public static final int SOFTWARE = 70;

  /** EX_OSERR. */
  public static final int SYSTEM = 71;

  /** EX_TEMPFAIL: the caller keeps the mail and tries again. */
  public static final int TRY_AGAIN = 75;

  /** EX_CONFIG. */
  public static final int CONFIGURATION = 78;

  private ExitStatus() {}
}

package org.sealwax.mail.smtp;

/** The limits of the protocol itself; those of a listener are in its settings. */
public final class SmtpLimits {
  /**
   * Bytes of a command line with its CRLF: 512 (RFC 5321 4.5.3.1.4), and space for parameters: SIZE
   * 26 (RFC 1870), BODY 17 (RFC 6152), SMTPUTF8 10 (RFC 6531), AUTH 500 (RFC 4954), DSN 107 and 500
   * (RFC 3461), rounded up.
   */
  public static final int COMMAND_LINE = 2_048;

  /** Bytes of a line of an AUTH exchange with its CRLF (RFC 4954 section 4). */
  public static final int AUTH_LINE = 12_288;

  /** Bytes of one reply line: RFC 5321 4.5.3.1.5 specifies 512; long texts with links exceed it. */
  public static final int REPLY_LINE = 2_048;

  /** Lines of one reply: an EHLO reply has some 20; more would be an attack on our memory. */
  public static final int REPLY_LINES = 128;

  /** Bytes of one reply: its lines stay in memory until the last one came. */
  public static final int REPLY_BYTES = 32 * 1_024;

  /** Bytes of one reply line that we write (RFC 5321 4.5.3.1.5), with code and CRLF. */
  public static final int REPLY_LINE_OUT = 512;

  /**
   * Bytes of a local part that are taken: RFC 5321 4.5.3.1.1 specifies 64, but VERP and SRS senders
   * exceed it, and 4.5.3.1 asks for no limits where that is possible.
   */
  public static final int LOCAL_PART = 255;

  /** Bytes of a path that are taken, source route and brackets included. */
  public static final int PATH = 1_000;

  /** Bytes of ENVID (RFC 3461 4.4). */
  public static final int ENVELOPE_ID = 100;

  /** Bytes of ORCPT (RFC 3461 4.2). */
  public static final int ORIGINAL_RECIPIENT = 500;

  /**
   * ESMTP parameters of one command: there are fewer than ten; each is compared with the others.
   */
  public static final int PARAMETERS = 20;

  /**
   * Bytes of a broken line that are read and dropped to find its end, before the session is ended.
   */
  public static final int DROPPED = 64 * 1_024;

  /**
   * Bytes of one line of a message that are taken. RFC 5321 4.5.3.1.6 specifies 1,000, and
   * generators of HTML mail exceed it daily; a message is refused only where a next hop could not
   * carry it.
   */
  public static final int TEXT_LINE = 64 * 1_024;

  private SmtpLimits() {}
}

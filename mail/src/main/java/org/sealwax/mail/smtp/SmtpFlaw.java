package org.sealwax.mail.smtp;

/** What is wrong with a line or a body; each is a known way to make two parsers disagree. */
public enum SmtpFlaw {
  /** A CR that no LF follows (RFC 5321 2.3.8). */
  BARE_CR("bare CR"),
  /** An LF that no CR precedes (RFC 5321 2.3.8): the root of SMTP smuggling. */
  BARE_LF("bare LF"),
  /** Byte 0: cuts lines short in programs written in C. */
  NUL("NUL"),
  /** Longer than the limit; what followed up to the line's end was dropped. */
  TOO_LONG("line too long"),
  /** Bytes above 127 that are not UTF-8 (RFC 6531 3.1). */
  NOT_UTF8("neither ASCII nor UTF-8"),
  /** No line end within {@link SmtpLimits#DROPPED}: the session cannot go on. */
  ENDLESS("line without end");

  private final String text;

  SmtpFlaw(String text) {
    this.text = text;
  }

  /**
   * Text for replies and logs.
   *
   * @return the flaw in words
   */
  public String text() {
    return text;
  }
}

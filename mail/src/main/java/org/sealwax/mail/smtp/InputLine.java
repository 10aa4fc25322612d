package org.sealwax.mail.smtp;

/** The result of reading one line. */
public sealed interface InputLine {
  /**
   * A good line.
   *
   * @param text without its CRLF; no CR, LF or NUL inside
   */
  record Text(String text) implements InputLine {}

  /**
   * A broken line. It was read up to its CRLF, so that the next line is a line; after {@link
   * SmtpFlaw#BARE_LF} and {@link SmtpFlaw#ENDLESS} it was not, and nothing that follows can be
   * trusted.
   *
   * @param flaw what is wrong
   */
  record BrokenLine(SmtpFlaw flaw) implements InputLine {
    /** {@return whether the reader no longer knows where a line begins} */
    public boolean lostLineStart() {
      return flaw == SmtpFlaw.BARE_LF || flaw == SmtpFlaw.ENDLESS;
    }
  }

  /** The peer ended the stream; an unfinished line is dropped. */
  record EndOfInput() implements InputLine {}
}

package org.sealwax.mail.smtp;

/** What reading one line came to. */
public sealed interface Line {
  /**
   * A good line.
   *
   * @param text without its CRLF; no CR, LF or NUL inside
   */
  record Text(String text) implements Line {}

  /**
   * A broken line. It was read up to its CRLF, so that the next line is a line; after {@link
   * Flaw#BARE_LF} and {@link Flaw#ENDLESS} it was not, and nothing that follows can be trusted.
   */
  record Refused(Flaw flaw) implements Line {
    /** Whether the reader no longer knows where a line begins. */
    public boolean outOfStep() {
      return flaw == Flaw.BARE_LF || flaw == Flaw.ENDLESS;
    }
  }

  /** The peer ended the stream; an unfinished line is dropped. */
  record End() implements Line {}
}

package org.sealwax.mail.smtp;

import java.io.IOException;

/** An invalid reply; the session cannot go on. */
public final class InvalidReplyException extends IOException {
  /** What was wrong. */
  public enum Kind {
    /** The stream ended. */
    CLOSED,
    /** No three digits and separator, or a code that is not a reply code. */
    NOT_A_REPLY,
    /** The lines of one reply had different codes (RFC 5321 4.2.1). */
    CODE_CHANGED,
    /** A line, the number of lines, or all together over the limits of {@link SmtpLimits}. */
    TOO_LONG,
    /** A bare CR or LF, or a NUL. */
    BROKEN_LINE
  }

  /** What was wrong. */
  private final Kind kind;

  /**
   * A failure with a text for logs.
   *
   * @param kind the kind of failure
   * @param message what is wrong, in words
   */
  public InvalidReplyException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** {@return what was wrong} */
  public Kind kind() {
    return kind;
  }

  /**
   * {@return whether the peer answered with something that is not a reply, or one over our limits}
   */
  public boolean answered() {
    return kind != Kind.CLOSED;
  }
}

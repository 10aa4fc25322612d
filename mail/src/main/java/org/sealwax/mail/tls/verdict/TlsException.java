package org.sealwax.mail.tls.verdict;

import java.io.IOException;

/**
 * A TLS handshake or connection that failed. Never thrown because of a verdict.
 *
 * <p>The fallback ladder uses {@link #kind()}.
 */
public final class TlsException extends IOException {
  /** Where it broke. */
  public enum Kind {
    /** The peer sent a fatal alert. */
    ALERT_RECEIVED,
    /**
     * The peer sent handshake_failure or insufficient_security: our offer has no suite, group or
     * signature that it can use (RFC 8446 6.2, RFC 5246 7.2.2).
     */
    NOTHING_IN_COMMON,
    /** We refused what the peer sent. */
    ALERT_SENT,
    /** End of stream or reset. */
    CLOSED,
    /** No answer in time. */
    TIMEOUT,
    /** What came was not TLS. */
    NOT_TLS,
    /**
     * The peer closed although the handshake was finished (TLS 1.3: client certificate refused).
     */
    AFTER_HANDSHAKE
  }

  /** What broke. */
  private final Kind kind;

  /**
   * A failure; the message is for logs and names the alert when there was one.
   *
   * @param kind the kind of failure
   * @param message what is wrong, in words
   * @param cause the exception that caused it
   */
  public TlsException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /**
   * A failure that we detected, and no engine threw.
   *
   * @param kind the kind of failure
   * @param message what is wrong, in words
   */
  public TlsException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** {@return where it broke} */
  public Kind kind() {
    return kind;
  }
}

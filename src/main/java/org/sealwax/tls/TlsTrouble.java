package org.sealwax.tls;

import java.io.IOException;

/**
 * A TLS handshake or connection that broke. Never thrown because of a verdict.
 *
 * <p>{@link #kind()} is what the ladder looks at.
 */
public final class TlsTrouble extends IOException {
  /** Where it broke. */
  public enum Kind {
    /** The peer sent a fatal alert. */
    ALERT_RECEIVED,
    /** We refused what the peer sent. */
    ALERT_SENT,
    /** End of stream or reset. */
    CLOSED,
    /** No answer in time. */
    TIMEOUT,
    /** What came was not TLS. */
    NOT_TLS,
    /** The peer broke off although the handshake was over (TLS 1.3: client certificate refused). */
    AFTER_HANDSHAKE
  }

  private final Kind kind;

  /** Trouble of a kind; the message is for logs and says the alert's name when there was one. */
  public TlsTrouble(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Trouble of a kind, seen by us rather than thrown by an engine. */
  public TlsTrouble(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** Where it broke. */
  public Kind kind() {
    return kind;
  }
}

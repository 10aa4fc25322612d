package org.sealwax.router.queue;

import java.io.IOException;

/** The store cannot take the message now: the client gets a 4yz and keeps it. */
public final class IntakeException extends IOException {
  /** The kind of reply for the client. */
  public enum Kind {
    /** 452 4.3.1: the disk is full or nearly so. */
    FULL,
    /** 451 4.3.0: the store failed, or is stopped after a failure, or is shutting down. */
    BROKEN
  }

  private final Kind kind;

  /** A failure with the store's exception as cause. */
  public IntakeException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** A failure without a cause. */
  public IntakeException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** What the client should read. */
  public Kind kind() {
    return kind;
  }
}

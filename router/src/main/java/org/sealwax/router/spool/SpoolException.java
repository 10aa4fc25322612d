package org.sealwax.router.spool;

import java.io.IOException;

/** The store cannot do what was asked. */
public final class SpoolException extends IOException {
  /** The meaning of the failure. */
  public enum Kind {
    /** No space: the disk is full or below the minimum. */
    FULL,
    /** The store failed, or is stopped after a failure, or is closed. */
    BROKEN,
    /** What is stored is not what was written. */
    DAMAGED,
    /** The folder holds something that this program cannot read, such as a newer format. */
    FORMAT,
    /** Another process has the store. */
    LOCKED
  }

  private final Kind kind;

  /** A failure that the engine or the file system reported. */
  public SpoolException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** A failure that the store detected. */
  public SpoolException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** What it means. */
  public Kind kind() {
    return kind;
  }
}

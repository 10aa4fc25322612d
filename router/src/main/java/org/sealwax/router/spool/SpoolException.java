package org.sealwax.router.spool;

import java.io.IOException;
import java.sql.SQLException;
import org.sealwax.router.store.SqliteFailure;

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

  /** The engine's failure of doing something with the store. */
  static SpoolException of(String what, SQLException e) {
    Kind kind =
        switch (SqliteFailure.of(e)) {
          case FULL -> Kind.FULL;
          case DAMAGED -> Kind.DAMAGED;
          case IO, STATEMENT -> Kind.BROKEN;
        };
    return new SpoolException(kind, what + ": " + e.getMessage(), e);
  }

  /** What it means. */
  public Kind kind() {
    return kind;
  }
}

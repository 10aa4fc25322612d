package org.sealwax.router.spool;

import java.io.IOException;
import java.sql.SQLException;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.FileDescriptors;
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

  /** What a failure of the engine or of the file system means when something was to be done. */
  static SpoolException of(String what, Exception e) {
    if (e instanceof SpoolException known) {
      return known;
    }
    Kind kind =
        e instanceof SQLException sql
            ? switch (SqliteFailure.of(sql)) {
              case FULL -> Kind.FULL;
              case DAMAGED -> Kind.DAMAGED;
              case IO, STATEMENT -> Kind.BROKEN;
            }
            : isForSpace(e) ? Kind.FULL : Kind.BROKEN;
    return FileDescriptors.areExhausted(e)
        ? new SpoolException(kind, FileDescriptors.TEXT, e)
        : new SpoolException(kind, what + ": " + FailureText.of(e), e);
  }

  /** Whether a file could not be written because the disk is full. */
  static boolean isForSpace(Exception e) {
    String text = String.valueOf(e.getMessage());
    return e instanceof IOException && (text.contains("No space left") || text.contains("quota"));
  }

  /** What it means. */
  public Kind kind() {
    return kind;
  }
}

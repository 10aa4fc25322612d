package org.sealwax.router.store;

import java.sql.SQLException;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** The meaning of an error of the engine. */
public enum SqliteFailure {
  /** No space on the disk. */
  FULL,
  /** The file is not what was written, or no database at all. */
  DAMAGED,
  /** The disk, memory, descriptors or locks: it may work the next time. */
  IO,
  /** One of our statements or values is wrong; the engine and the file are well. */
  STATEMENT;

  /** What an error means for the whole store; DAMAGED is the file, not one record. */
  public static SqliteFailure of(SQLException e) {
    if (!(e instanceof SQLiteException engine)) {
      return IO;
    }
    // The lowest byte is the primary code: https://sqlite.org/rescode.html
    int code = engine.getResultCode().code & 0xff;
    if (code == SQLiteErrorCode.SQLITE_FULL.code) {
      return FULL;
    }
    if (code == SQLiteErrorCode.SQLITE_CORRUPT.code || code == SQLiteErrorCode.SQLITE_NOTADB.code) {
      return DAMAGED;
    }
    boolean local =
        code == SQLiteErrorCode.SQLITE_CONSTRAINT.code
            || code == SQLiteErrorCode.SQLITE_ERROR.code
            || code == SQLiteErrorCode.SQLITE_MISMATCH.code
            || code == SQLiteErrorCode.SQLITE_TOOBIG.code
            || code == SQLiteErrorCode.SQLITE_RANGE.code
            || code == SQLiteErrorCode.SQLITE_MISUSE.code;
    return local ? STATEMENT : IO;
  }

  /**
   * Whether the engine could not read what is on the disk, as opposed to a temporary failure
   * (memory, descriptors, locks, space).
   */
  public static boolean isUnreadable(SQLException e) {
    if (!(e instanceof SQLiteException engine)) {
      return false;
    }
    SQLiteErrorCode code = engine.getResultCode();
    SqliteFailure failure = of(e);
    return failure == DAMAGED
        || failure == STATEMENT
        || code == SQLiteErrorCode.SQLITE_IOERR_READ
        || code == SQLiteErrorCode.SQLITE_IOERR_SHORT_READ
        || code == SQLiteErrorCode.SQLITE_IOERR_CORRUPTFS;
  }

  /** Whether the engine itself failed, and not one of our statements. */
  public static boolean isEngineFailure(SQLException e) {
    return of(e) != STATEMENT;
  }
}

package org.sealwax.router.spool;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.sealwax.router.spool.SpoolException.Kind;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.SqliteFormat;
import org.sealwax.router.store.StoreFormatException;

/** The format of the spool's database. */
final class SpoolFormat {
  /**
   * Measured: with 8 KiB a 10 KiB mail costs a third less than with 4 KiB, with 16 KiB no less than
   * with 8 KiB, and small rows waste less of it.
   */
  static final int PAGE = 8192;

  /**
   * The condition for mail that waits: acknowledged, and not in the hands of the running router. As
   * SQL, in the same words in the index and in the queries that use it.
   */
  static final String WAITS = "state BETWEEN 1 AND 3";

  /**
   * Content is the last column of its row, so that reading an envelope reads none of it. The
   * indexes leave FRESH batches out: mail that is delivered at once costs no index writes.
   */
  private static final SqliteFormat.Migration FIRST =
      SqliteFormat.Migration.of(
          "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID",
          "CREATE TABLE message(id INTEGER PRIMARY KEY, arrived INTEGER NOT NULL,"
              + " size INTEGER NOT NULL, envelope_sum INTEGER NOT NULL,"
              + " content_sum INTEGER NOT NULL, in_file INTEGER NOT NULL,"
              + " envelope BLOB NOT NULL, content BLOB)",
          "CREATE TABLE share(message INTEGER NOT NULL, number INTEGER NOT NULL,"
              + " state INTEGER NOT NULL, due INTEGER, hop TEXT NOT NULL,"
              + " sender TEXT NOT NULL, reason TEXT NOT NULL, sum INTEGER NOT NULL,"
              + " recipients BLOB NOT NULL, PRIMARY KEY(message, number)) WITHOUT ROWID",
          "CREATE INDEX share_due ON share(due) WHERE due IS NOT NULL",
          "CREATE INDEX share_queued ON share(hop, due) WHERE state = 1",
          "CREATE INDEX share_reason ON share(state, reason) WHERE state <> 0",
          "CREATE TABLE journey(message INTEGER NOT NULL, number INTEGER NOT NULL,"
              + " at INTEGER NOT NULL, facts BLOB NOT NULL,"
              + " PRIMARY KEY(message, number)) WITHOUT ROWID",
          "CREATE TABLE aside(id INTEGER PRIMARY KEY, message INTEGER NOT NULL,"
              + " number INTEGER, at INTEGER NOT NULL, why TEXT NOT NULL, record BLOB)",
          "INSERT INTO meta VALUES('fresh_from', 0)",
          "INSERT INTO meta VALUES('syncs', 0)");

  /**
   * Messages whose last batch is gone and whose content's file is not yet removed: only a file that
   * is named here may be deleted at a start.
   */
  private static final SqliteFormat.Migration GONE =
      SqliteFormat.Migration.of("CREATE TABLE gone(id INTEGER PRIMARY KEY)");

  /**
   * Provisional mail is in no index, like FRESH mail: it comes and goes with one delivery. (An
   * older program would take its rows for damaged ones.)
   */
  private static final SqliteFormat.Migration PROVISIONAL =
      SqliteFormat.Migration.of(
          "DROP INDEX share_reason",
          "CREATE INDEX share_reason ON share(state, reason) WHERE " + WAITS);

  static final SqliteFormat SPOOL =
      new SqliteFormat(
          "spool",
          0x53655778, // "SeWx"
          List.of(
              "page_size = " + PAGE,
              "auto_vacuum = INCREMENTAL",
              "journal_mode = WAL",
              "synchronous = FULL",
              // Checkpoints are started explicitly, so that no commit waits for one.
              "wal_autocheckpoint = 0",
              // A log that once grew long does not keep its space on the disk.
              "journal_size_limit = " + (64 << 20),
              // Mail that was deleted need not be shredded in the database file; it was
              // unencrypted on disk.
              "secure_delete = OFF"),
          List.of("message", "share", "journey", "aside"),
          List.of(FIRST, GONE, PROVISIONAL));

  private SpoolFormat() {}

  /**
   * A connection that may write; makes the database only when {@code isNew}.
   *
   * @throws SpoolException when the database is newer than this program, no spool, or damaged
   */
  static Connection open(Path database, boolean isNew, int cacheKib)
      throws SQLException, IOException {
    try {
      return isNew
          ? Sqlite.create(database, SPOOL, cacheKib)
          : Sqlite.writer(database, SPOOL, cacheKib);
    } catch (StoreFormatException e) {
      throw new SpoolException(
          e.isDamaged() ? Kind.DAMAGED : Kind.FORMAT, String.valueOf(e.getMessage()), e);
    }
  }
}

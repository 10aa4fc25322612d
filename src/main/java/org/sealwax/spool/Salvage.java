package org.sealwax.spool;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.sealwax.log.MailLog;
import org.sealwax.spool.SpoolTrouble.Kind;
import org.sealwax.world.Clock;

/**
 * What is done when the database file itself is damaged: every row that can be read goes into a new
 * file, and the damaged one is kept beside it, untouched, for a person.
 */
final class Salvage {
  /** A person, or the writer on finding damage, asks for it by this empty file. */
  private static final String MARK = "salvage";

  /** Rows that cannot be read one after another before the rest of a table is given up. */
  private static final int MOST_UNREADABLE = 100_000;

  private Salvage() {}

  static void ask(Path folder) throws IOException {
    Path mark = folder.resolve(MARK);
    if (!Files.exists(mark)) {
      Files.createFile(mark);
    }
  }

  static void ifAsked(Path folder, MailLog log, Clock clock) throws IOException {
    if (Files.exists(folder.resolve(MARK))) {
      run(folder, log, clock);
    }
  }

  static void run(Path folder, MailLog log, Clock clock) throws SpoolTrouble {
    Path database = folder.resolve("spool.db");
    Path aside = folder.resolve("damaged-" + clock.now().toEpochMilli());
    try {
      FolderLock.ownFolder(aside);
      for (String suffix : List.of("", "-wal")) {
        Path file = folder.resolve("spool.db" + suffix);
        if (Files.exists(file)) {
          Files.copy(file, aside.resolve("spool.db" + suffix));
        }
      }
      Path fresh = folder.resolve("spool.db.new");
      Files.deleteIfExists(fresh);
      long[] copied = copy(aside.resolve("spool.db"), fresh, log);
      Files.deleteIfExists(folder.resolve("spool.db-wal"));
      Files.deleteIfExists(folder.resolve("spool.db-shm"));
      Files.move(
          fresh,
          database,
          java.nio.file.StandardCopyOption.ATOMIC_MOVE,
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      Files.deleteIfExists(folder.resolve(MARK));
      log.storeTrouble(
          "copied out of the damaged spool: "
              + copied[0]
              + " messages and "
              + copied[1]
              + " groups of recipients; the damaged file is kept in "
              + aside.getFileName(),
          null);
    } catch (SQLException e) {
      throw Sqlite.trouble("the damaged spool could not be copied out", e);
    } catch (IOException e) {
      throw e instanceof SpoolTrouble t
          ? t
          : new SpoolTrouble(Kind.BROKEN, "the damaged spool could not be copied out", e);
    }
  }

  private static long[] copy(Path from, Path to, MailLog log) throws SQLException, SpoolTrouble {
    try (Connection target = Sqlite.writer(to, 1024);
        Statement plain = target.createStatement()) {
      Schema.upgrade(target);
      long[] copied = new long[2];
      try (Connection source = Sqlite.writer(from, 1024)) {
        plain.execute("BEGIN");
        copied[0] =
            rows(
                source,
                target,
                "message",
                "id, arrived, size, envelope_sum, content_sum, in_file, envelope, content",
                List.of("id"),
                log);
        copied[1] =
            rows(
                source,
                target,
                "share",
                "message, number, state, due, hop, sender, reason, sum, recipients",
                List.of("message", "number"),
                log);
        rows(
            source,
            target,
            "journey",
            "message, number, at, facts",
            List.of("message", "number"),
            log);
        rows(source, target, "aside", "id, message, number, at, why, record", List.of("id"), log);
        // Shares without their message cannot be delivered: set aside, not dropped.
        plain.execute(
            "INSERT INTO aside(message, number, at, why, record)"
                + " SELECT message, number, 0, 'the message was not readable', recipients"
                + " FROM share WHERE message NOT IN (SELECT id FROM message)");
        int orphans =
            plain.executeUpdate("DELETE FROM share WHERE message NOT IN (SELECT id FROM message)");
        // Messages without shares lost their recipients: set aside as well; the content stays.
        int lost =
            plain.executeUpdate(
                "INSERT INTO aside(message, at, why, record)"
                    + " SELECT id, 0, 'the recipients were not readable', envelope FROM message"
                    + " WHERE id NOT IN (SELECT message FROM share)"
                    + " AND id NOT IN (SELECT message FROM aside)");
        plain.execute("COMMIT");
        if (orphans + lost > 0) {
          log.storeTrouble(
              orphans + lost + " records were not whole and were set aside in the table aside",
              null);
        }
      } catch (SQLException e) {
        // Not even its first page: everything is in the copy that was kept.
        log.storeTrouble("the damaged spool cannot be read at all", e);
        if (!target.getAutoCommit()) {
          target.rollback();
        }
      }
      Writer.checkpoint(target, "TRUNCATE");
      return copied;
    }
  }

  /** Copies a table row by row; after a row that cannot be read it goes on behind it. */
  private static long rows(
      Connection source,
      Connection target,
      String table,
      String columns,
      List<String> key,
      MailLog log)
      throws SQLException {
    int count = columns.split(",").length;
    String keys = String.join(", ", key);
    String keyMarks = marks(key.size());
    String from = " FROM " + table + " WHERE (" + keys + ") ";
    long copied = 0;
    long unreadable = 0;
    long[] at = new long[key.size()];
    Arrays.fill(at, -1);
    String next = "SELECT " + keys + from + "> (" + keyMarks + ") ORDER BY " + keys + " LIMIT 1";
    String row = "SELECT " + columns + from + "= (" + keyMarks + ")";
    try (PreparedStatement insert =
        target.prepareStatement(
            "INSERT OR IGNORE INTO " + table + "(" + columns + ") VALUES(" + marks(count) + ")")) {
      while (unreadable < MOST_UNREADABLE && step(source, next, at)) {
        // Prepared anew each time: a statement that met a damaged page cannot be used again.
        try (PreparedStatement s = source.prepareStatement(row)) {
          bind(s, at);
          try (ResultSet r = s.executeQuery()) {
            if (r.next()) {
              for (int i = 1; i <= count; i++) {
                insert.setObject(i, r.getObject(i));
              }
              insert.executeUpdate();
              copied++;
            }
          }
        } catch (SQLException e) {
          unreadable++;
        }
      }
    }
    if (unreadable > 0) {
      log.storeTrouble("table " + table + " has " + unreadable + " rows that cannot be read", null);
    }
    return copied;
  }

  private static String marks(int count) {
    return String.join(",", Collections.nCopies(count, "?"));
  }

  private static void bind(PreparedStatement s, long[] key) throws SQLException {
    for (int i = 0; i < key.length; i++) {
      s.setLong(i + 1, key[i]);
    }
  }

  /** Moves to the next key that can be read, over damaged pages by doubling leaps. */
  private static boolean step(Connection source, String next, long[] at) {
    long first = at[0];
    long leap = 1;
    while (true) {
      try (PreparedStatement s = source.prepareStatement(next)) {
        bind(s, at);
        try (ResultSet r = s.executeQuery()) {
          if (!r.next()) {
            return false;
          }
          for (int i = 0; i < at.length; i++) {
            at[i] = r.getLong(i + 1);
          }
          return true;
        }
      } catch (SQLException e) {
        if (leap > Long.MAX_VALUE / 4 || first > Long.MAX_VALUE - leap) {
          return false;
        }
        Arrays.fill(at, Long.MAX_VALUE);
        at[0] = first + leap;
        leap *= 2;
      }
    }
  }
}

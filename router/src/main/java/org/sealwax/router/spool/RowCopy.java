package org.sealwax.router.spool;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.sealwax.mail.net.CountText;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.SqliteFailure;
import org.sealwax.router.store.Statements;

/**
 * Copies every row that can be read out of a damaged database into a new one, table by table, key
 * by key. A failure to write ends the copying; it is never counted as an unreadable row.
 */
final class RowCopy {
  /** Rows that cannot be read one after another before the rest of a table is given up. */
  private static final int MOST_UNREADABLE = 100_000;

  private final Connection source;
  private final Connection target;
  private final RowMark mark;
  private final MailLog log;
  private long unreadable;

  RowCopy(Connection source, Connection target, RowMark mark, MailLog log) {
    this.source = source;
    this.target = target;
    this.mark = mark;
    this.log = log;
  }

  /** Copies all; reports it in one sentence. */
  String run() throws SQLException {
    long messages =
        rows(
            "message",
            List.of("id"),
            "id, arrived, size, envelope_sum, content_sum, in_file, envelope, content");
    List<String> key = List.of("message", "number");
    long batches =
        rows("share", key, "message, number, state, due, hop, sender, reason, sum, recipients");
    rows("journey", key, "message, number, at, facts");
    rows("aside", List.of("id"), "id, message, number, at, why, record");
    // Never the table of files to remove: damage must not name one.
    // Batches without their message cannot be delivered: set aside, not dropped.
    String orphans = " FROM share WHERE message NOT IN (SELECT id FROM message)";
    int aside =
        update(
            "INSERT INTO aside(message, number, at, why, record)"
                + " SELECT message, number, 0, 'the message was not readable', recipients"
                + orphans);
    update("DELETE" + orphans);
    // Messages without batches lost their recipients: set aside as well; the content stays.
    aside +=
        update(
            "INSERT INTO aside(message, at, why, record)"
                + " SELECT id, 0, 'the recipients were not readable', envelope FROM message"
                + " WHERE id NOT IN (SELECT message FROM share)"
                + " AND id NOT IN (SELECT message FROM aside)");
    return "copied out of the damaged spool: "
        + CountText.of(messages, "message")
        + " and "
        + CountText.of(batches, "group")
        + " of recipients; "
        + CountText.of(unreadable, "record")
        + " could not be read, "
        + CountText.of(aside, "record was | records were")
        + " incomplete and are in the table aside";
  }

  private int update(String sql) throws SQLException {
    return new Statements(target).update(sql);
  }

  /** Copies a table row by row; after a row that cannot be read it continues with the next one. */
  private long rows(String table, List<String> key, String columns) throws SQLException {
    Object[] values = new Object[columns.split(",").length];
    String keys = String.join(", ", key);
    String from = " FROM " + table + " WHERE (" + keys + ") ";
    String keyMarks = " (" + marks(key.size()) + ")";
    KeySearch search =
        new KeySearch(
            source,
            "SELECT " + keys + from + ">" + keyMarks + " ORDER BY " + keys + " LIMIT 1",
            table,
            mark);
    String row = "SELECT " + columns + from + "=" + keyMarks;
    long copied = 0;
    long left = 0;
    long[] at = new long[key.size()];
    Arrays.fill(at, -1);
    try (PreparedStatement insert =
        target.prepareStatement(
            "INSERT OR IGNORE INTO "
                + table
                + "("
                + columns
                + ") VALUES("
                + marks(values.length)
                + ")")) {
      while (left < MOST_UNREADABLE && search.step(at)) {
        if (!mark.begin(table, at)) {
          log.storeTrouble(
              "record "
                  + Arrays.toString(at)
                  + " of table "
                  + table
                  + " ended the process twice while it was copied and is left out; it is"
                  + " in the damaged files",
              null);
          left++;
          continue;
        }
        if (copy(row, at, values, insert)) {
          copied++;
        } else {
          left++;
        }
        mark.end();
      }
    }
    unreadable += left;
    return copied;
  }

  /** False when the row cannot be read, or is not a valid record. */
  private boolean copy(String row, long[] at, Object[] values, PreparedStatement insert)
      throws SQLException {
    try {
      // A row that the table does not accept was not a valid record.
      return read(row, at, values) && Statements.bind(insert, values).executeUpdate() == 1;
    } catch (RuntimeException e) {
      // One row that triggers a bug must not keep all others from being copied.
      log.bug("salvage of " + Arrays.toString(at), e);
      return false;
    }
  }

  private boolean read(String sql, long[] key, Object[] into) throws SQLException {
    // Prepared each time: a statement that met a damaged page cannot be used again.
    try (PreparedStatement s = source.prepareStatement(sql)) {
      bind(s, key);
      try (ResultSet r = s.executeQuery()) {
        if (!r.next()) {
          return false;
        }
        for (int i = 0; i < into.length; i++) {
          into[i] = r.getObject(i + 1);
        }
        return true;
      }
    } catch (SQLException e) {
      if (!SqliteFailure.isUnreadable(e)) {
        throw e;
      }
      return false;
    }
  }

  private static String marks(int count) {
    return String.join(",", Collections.nCopies(count, "?"));
  }

  private static void bind(PreparedStatement s, long[] key) throws SQLException {
    for (int i = 0; i < key.length; i++) {
      s.setLong(i + 1, key[i]);
    }
  }

  /** The result of a search for the next key. */
  private enum KeySearchResult {
    KEY,
    END,
    UNREADABLE
  }

  /**
   * Searches a table for its keys. A place at which the process ended twice is unreadable.
   *
   * @param next the statement
   */
  private record KeySearch(Connection source, String next, String table, RowMark mark) {
    /**
     * Moves to the next key that can be read. Over damaged pages it leaps, twice as far each time,
     * and then goes back by halves, so that no more is left out than cannot be read.
     */
    boolean step(long[] at) throws SQLException {
      long first = at[0];
      switch (find(at)) {
        case KEY -> {
          return true;
        }
        case END -> {
          return false;
        }
        case UNREADABLE -> {}
      }
      long failed = 0;
      long leap = 1;
      long[] found = at.clone();
      while (true) {
        if (first > Long.MAX_VALUE - leap) {
          return false;
        }
        leapTo(found, first + leap);
        if (find(found) != KeySearchResult.UNREADABLE) {
          break;
        }
        failed = leap;
        if (leap > Long.MAX_VALUE / 2) {
          return false;
        }
        leap *= 2;
      }
      while (leap - failed > 1) {
        long middle = failed + (leap - failed) / 2;
        long[] nearer = at.clone();
        leapTo(nearer, first + middle);
        if (find(nearer) == KeySearchResult.UNREADABLE) {
          failed = middle;
        } else {
          leap = middle;
        }
      }
      leapTo(at, first + leap);
      return find(at) == KeySearchResult.KEY;
    }

    /** After all keys whose first part is {@code to}. */
    private static void leapTo(long[] key, long to) {
      Arrays.fill(key, Long.MAX_VALUE);
      key[0] = to;
    }

    private KeySearchResult find(long[] at) throws SQLException {
      if (!mark.begin("> " + table, at)) {
        return KeySearchResult.UNREADABLE;
      }
      try (PreparedStatement s = source.prepareStatement(next)) {
        bind(s, at);
        try (ResultSet r = s.executeQuery()) {
          if (!r.next()) {
            return KeySearchResult.END;
          }
          for (int i = 0; i < at.length; i++) {
            at[i] = r.getLong(i + 1);
          }
          return KeySearchResult.KEY;
        }
      } catch (SQLException e) {
        if (!SqliteFailure.isUnreadable(e)) {
          throw e;
        }
        return KeySearchResult.UNREADABLE;
      } finally {
        mark.end();
      }
    }
  }
}

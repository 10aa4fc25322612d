package org.sealwax.router.spool;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.SqliteFailure;

/**
 * The recovery of a damaged or missing database: its files are moved into a folder of their own,
 * unchanged, for the admin, and every row that can be read goes into a new database.
 *
 * <p>A crash between any two steps loses nothing: a mark names the folder, the files are moved and
 * not copied, the new database takes its place only when it is whole, and the next start goes on
 * where this one ended. A temporary failure (no space, no descriptors) ends the try and not the
 * copy: what cannot be <i>written</i> is never counted as unreadable.
 */
final class Salvage {
  private static final String DATABASE = "spool.db";
  private static final String LOG = "spool.db-wal";
  private static final String INDEX = "spool.db-shm";

  /** An admin, or the writer on finding damage, asks for it by this file. */
  private static final String MARK = "salvage";

  /** In the folder of the damaged files: all of them are there. */
  private static final String MOVED = "moved";

  /** In the same folder: the record that is being copied, for the start after this one. */
  private static final String ROW = "row";

  private static final Pattern FOLDER_NAME = Pattern.compile("damaged-[0-9]{1,19}(-[0-9]{1,9})?");

  /** Rows that cannot be read one after another before the rest of a table is given up. */
  private static final int MOST_UNREADABLE = 100_000;

  private static final int CACHE_KIB = 1024;

  private final Path folder;
  private final MailLog log;
  private final Clock clock;

  Salvage(Path folder, MailLog log, Clock clock) {
    this.folder = folder;
    this.log = log;
    this.clock = clock;
  }

  static boolean isRequested(Path folder) {
    return Files.exists(folder.resolve(MARK));
  }

  /** Asks for it at the next opening. */
  static void request(Path folder) throws IOException {
    if (!isRequested(folder)) {
      Files.createFile(folder.resolve(MARK));
    }
  }

  /**
   * Inspects the files before the engine opens them, which would delete a log without its database
   * and overwrite a log behind a damaged frame.
   *
   * @param used whether a spool was here before
   * @param contents how many contents' files are here
   * @return whether records of mail may have been lost
   */
  boolean beforeOpening(boolean used, int contents) throws SpoolException {
    try {
      if (Files.exists(folder.resolve(MARK))) {
        run();
        return true;
      }
      if (isEmpty(DATABASE)) {
        if (!isEmpty(LOG)) {
          log.storeTrouble("the spool's database is missing or empty, its log is there", null);
          run();
          return true;
        }
        if (used || contents > 0) {
          log.storeTrouble(
              "the spool's database is missing or empty: a new one is made; "
                  + contents
                  + " contents in files have no record and are set aside",
              null);
        }
        return used || contents > 0;
      }
      if (!isEmpty(LOG) && WalFile.isDamaged(folder.resolve(LOG))) {
        Path aside = newFolder();
        copy(folder.resolve(LOG), aside.resolve(LOG));
        BodyFiles.sync(aside);
        BodyFiles.sync(folder);
        log.storeTrouble(
            "the database's log is damaged before its last commit; mail behind that place is not"
                + " delivered; the log is kept in "
                + aside.getFileName(),
            null);
        return true;
      }
      return false;
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /** Moves the damaged files away and copies out what is readable; or goes on with that. */
  void run() throws SpoolException {
    try {
      Path aside = asideFolder();
      if (!Files.exists(aside.resolve(MOVED))) {
        move(DATABASE, aside);
        move(LOG, aside);
        Files.deleteIfExists(folder.resolve(INDEX));
        BodyFiles.sync(aside);
        BodyFiles.sync(folder);
        Files.createFile(aside.resolve(MOVED));
        BodyFiles.sync(aside);
      }
      if (!Files.exists(folder.resolve(DATABASE))) {
        build(aside);
      }
      Files.deleteIfExists(folder.resolve(MARK));
      BodyFiles.sync(folder);
    } catch (SQLException e) {
      throw SpoolException.of("the damaged spool could not be copied out", e);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private static SpoolException failure(IOException e) {
    return e instanceof SpoolException t
        ? t
        : new SpoolException(
            BodyFiles.kind(e), "the damaged spool could not be copied out: " + e.getMessage(), e);
  }

  private boolean isEmpty(String name) throws IOException {
    Path file = folder.resolve(name);
    return !Files.exists(file) || Files.size(file) == 0;
  }

  /** The folder that the mark names; a mark without one gets one. */
  private Path asideFolder() throws IOException {
    Path mark = folder.resolve(MARK);
    String name = Files.exists(mark) ? Files.readString(mark, StandardCharsets.UTF_8).trim() : "";
    if (FOLDER_NAME.matcher(name).matches()) {
      Path aside = folder.resolve(name);
      FolderLock.ownFolder(aside);
      return aside;
    }
    Path aside = newFolder();
    Path fresh = folder.resolve(MARK + ".new");
    Files.writeString(fresh, String.valueOf(aside.getFileName()), StandardCharsets.UTF_8);
    BodyFiles.sync(fresh);
    Files.move(fresh, mark, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    BodyFiles.sync(folder);
    return aside;
  }

  private Path newFolder() throws IOException {
    String name = "damaged-" + clock.now().toEpochMilli();
    Path aside = folder.resolve(name);
    for (int i = 1; Files.exists(aside); i++) {
      aside = folder.resolve(name + "-" + i);
    }
    FolderLock.ownFolder(aside);
    return aside;
  }

  private void move(String name, Path aside) throws IOException {
    Path file = folder.resolve(name);
    if (Files.exists(file)) {
      Files.move(file, aside.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    BodyFiles.sync(to);
  }

  /** The rows that could be copied. */
  private static final class Copied {
    long messages;
    long shares;
    long unreadable;
    int aside;
  }

  private void build(Path aside) throws IOException, SQLException {
    Path fresh = folder.resolve("spool.db.new");
    Files.deleteIfExists(fresh);
    Copied copied = new Copied();
    try (Connection target = Sqlite.create(fresh, SpoolFormat.SPOOL, CACHE_KIB);
        Statement plain = target.createStatement()) {
      // The file counts only when it is whole: no journal, one sync at the end.
      plain.execute("PRAGMA journal_mode = OFF");
      plain.execute("PRAGMA synchronous = OFF");
      Connection source = source(aside);
      if (source == null) {
        log.storeTrouble("nothing of the damaged spool can be read", null);
      } else {
        try (source;
            RowMark mark = RowMark.open(aside.resolve(ROW))) {
          plain.execute("BEGIN");
          copy(source, target, copied, mark);
          plain.execute("COMMIT");
        }
        Files.deleteIfExists(aside.resolve(ROW));
      }
      plain.execute("PRAGMA journal_mode = WAL");
    } finally {
      for (String leftOver : List.of(INDEX, REPAIRED, REPAIRED + "-wal", REPAIRED + "-shm")) {
        Files.deleteIfExists(aside.resolve(leftOver));
      }
    }
    BodyFiles.sync(fresh);
    Files.move(fresh, folder.resolve(DATABASE), StandardCopyOption.ATOMIC_MOVE);
    BodyFiles.sync(folder);
    log.storeTrouble(
        "copied out of the damaged spool: "
            + copied.messages
            + " messages and "
            + copied.shares
            + " groups of recipients; "
            + copied.unreadable
            + " records could not be read, "
            + copied.aside
            + " were not whole and are in the table aside; the damaged files are kept in "
            + aside.getFileName(),
        null);
  }

  private static final String REPAIRED = "repaired.db";

  /**
   * The damaged database, opened so that it is not changed; or a copy of it with a first page that
   * can be read; or the same without its log. Null when none shows the tables of a spool.
   */
  private @Nullable Connection source(Path aside) throws IOException, SQLException {
    Path database = aside.resolve(DATABASE);
    if (Files.exists(database)) {
      Connection asItIs = readable(database);
      if (asItIs != null) {
        return asItIs;
      }
    }
    Path repaired = aside.resolve(REPAIRED);
    Path ownLog = aside.resolve(REPAIRED + "-wal");
    Path damagedLog = aside.resolve(LOG);
    for (boolean withLog : new boolean[] {true, false}) {
      for (String suffix : List.of("", "-wal", "-shm")) {
        Files.deleteIfExists(aside.resolve(REPAIRED + suffix));
      }
      repair(database, repaired);
      if (withLog && Files.exists(damagedLog)) {
        copy(damagedLog, ownLog);
      }
      Connection copy = readable(repaired);
      if (copy != null) {
        log.storeTrouble(
            "the first page of the database is damaged: read by that of a new one"
                + (withLog ? "" : ", without the log"),
            null);
        return copy;
      }
    }
    return null;
  }

  private static @Nullable Connection readable(Path database) throws SQLException {
    Connection connection = null;
    boolean found = false;
    try {
      connection = Sqlite.readOnlyUntouched(database, CACHE_KIB);
      try (Statement s = connection.createStatement()) {
        // Otherwise a file that was cut is not read at all.
        s.execute("PRAGMA writable_schema = ON");
        s.execute("PRAGMA cell_size_check = ON");
        found = SpoolFormat.SPOOL.hasTables(s);
      }
    } catch (SQLException e) {
      if (!SqliteFailure.isUnreadable(e)) {
        throw e;
      }
    } finally {
      if (!found && connection != null) {
        connection.close();
      }
    }
    return found ? connection : null;
  }

  /**
   * A copy of a database with the first page of a new one. The tables of a spool are always made in
   * the same order, and in a database with auto_vacuum their first pages are the first of the file:
   * so they are where a new spool has them.
   */
  private static void repair(Path database, Path repaired) throws IOException, SQLException {
    try (Connection fresh = Sqlite.create(repaired, SpoolFormat.SPOOL, CACHE_KIB);
        Statement s = fresh.createStatement()) {
      SpoolWriter.checkpoint(fresh, "TRUNCATE");
      s.execute("PRAGMA user_version"); // a statement of its own: the log is gone at the close
    }
    if (!Files.exists(database) || Files.size(database) < 2L * SpoolFormat.PAGE) {
      return;
    }
    byte[] first = new byte[SpoolFormat.PAGE];
    try (RandomAccessFile file = new RandomAccessFile(repaired.toFile(), "r")) {
      file.readFully(first);
    }
    Files.copy(database, repaired, StandardCopyOption.REPLACE_EXISTING);
    int pages = (int) (Files.size(database) / SpoolFormat.PAGE);
    // https://sqlite.org/fileformat2.html#the_database_header: size, and no free pages.
    ByteBuffer header = ByteBuffer.wrap(first);
    header.putInt(28, pages);
    header.putInt(32, 0);
    header.putInt(36, 0);
    try (RandomAccessFile file = new RandomAccessFile(repaired.toFile(), "rw")) {
      file.write(first);
    }
  }

  private void copy(Connection source, Connection target, Copied copied, RowMark mark)
      throws SQLException {
    copied.messages =
        rows(
            source,
            target,
            "message",
            "id, arrived, size, envelope_sum, content_sum, in_file, envelope, content",
            List.of("id"),
            copied,
            mark);
    copied.shares =
        rows(
            source,
            target,
            "share",
            "message, number, state, due, hop, sender, reason, sum, recipients",
            List.of("message", "number"),
            copied,
            mark);
    rows(
        source,
        target,
        "journey",
        "message, number, at, facts",
        List.of("message", "number"),
        copied,
        mark);
    rows(
        source,
        target,
        "aside",
        "id, message, number, at, why, record",
        List.of("id"),
        copied,
        mark);
    // Never the table of files to remove: damage must not name one.
    try (Statement plain = target.createStatement()) {
      // Batches without their message cannot be delivered: set aside, not dropped.
      plain.execute(
          "INSERT INTO aside(message, number, at, why, record)"
              + " SELECT message, number, 0, 'the message was not readable', recipients"
              + " FROM share WHERE message NOT IN (SELECT id FROM message)");
      int orphans =
          plain.executeUpdate("DELETE FROM share WHERE message NOT IN (SELECT id FROM message)");
      // Messages without batches lost their recipients: set aside as well; the content stays.
      int lost =
          plain.executeUpdate(
              "INSERT INTO aside(message, at, why, record)"
                  + " SELECT id, 0, 'the recipients were not readable', envelope FROM message"
                  + " WHERE id NOT IN (SELECT message FROM share)"
                  + " AND id NOT IN (SELECT message FROM aside)");
      copied.aside = orphans + lost;
    }
  }

  /** Copies a table row by row; after a row that cannot be read it goes on behind it. */
  private long rows(
      Connection source,
      Connection target,
      String table,
      String columns,
      List<String> key,
      Copied counts,
      RowMark mark)
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
    Object[] values = new Object[count];
    try (PreparedStatement insert =
        target.prepareStatement(
            "INSERT OR IGNORE INTO " + table + "(" + columns + ") VALUES(" + marks(count) + ")")) {
      while (unreadable < MOST_UNREADABLE && new KeySearch(source, next, table, mark).step(at)) {
        if (!mark.begin(table, at)) {
          log.storeTrouble(
              "record "
                  + Arrays.toString(at)
                  + " of table "
                  + table
                  + " was being copied at two unexpected ends of the process and is left out; it is"
                  + " in the damaged files",
              null);
          unreadable++;
          continue;
        }
        if (copyRow(source, row, at, values, insert)) {
          copied++;
        } else {
          unreadable++;
        }
        mark.end();
      }
    }
    counts.unreadable += unreadable;
    return copied;
  }

  /** False when the row cannot be read, or is no valid record. */
  private boolean copyRow(
      Connection source, String row, long[] at, Object[] values, PreparedStatement insert)
      throws SQLException {
    try {
      if (!read(source, row, at, values)) {
        return false;
      }
      for (int i = 0; i < values.length; i++) {
        insert.setObject(i + 1, values[i]);
      }
      // A row that the table does not accept was no valid record.
      return insert.executeUpdate() == 1;
    } catch (RuntimeException e) {
      // One row that triggers a bug must not keep all others from being copied.
      log.bug("salvage of " + Arrays.toString(at), e);
      return false;
    }
  }

  private static boolean read(Connection source, String sql, long[] key, Object[] into)
      throws SQLException {
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

    /** Behind all keys whose first part is {@code to}. */
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

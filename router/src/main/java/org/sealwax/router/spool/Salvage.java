package org.sealwax.router.spool;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.SqliteFailure;
import org.sealwax.router.store.StateFiles;
import org.sealwax.router.store.Statements;

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

  private static final int MAX_MARK = 1_024;

  /** In the folder of the damaged files: all of them are there. */
  private static final String MOVED = "moved";

  /** In the same folder: the record that is being copied, for the start after this one. */
  private static final String ROW = "row";

  private static final Pattern FOLDER_NAME = Pattern.compile("damaged-[0-9]{1,19}(-[0-9]{1,9})?");

  /** A copy of the damaged database with another first page, in the folder of the damaged files. */
  private static final String REPAIRED = "repaired.db";

  private static final int CACHE_KIB = 1024;

  /** Folders of logs that end within a transaction. */
  private static final String UNFINISHED = "unfinished-";

  /** As many as that: one that crashes at each start must not fill the disk. */
  private static final int MAX_UNFINISHED = 20;

  private final SqliteSpool spool;
  private final Path folder;
  private volatile boolean lost;

  Salvage(SqliteSpool spool, Path folder) {
    this.spool = spool;
    this.folder = folder;
  }

  boolean isRequested() {
    return Files.exists(folder.resolve(MARK));
  }

  /** Asks for it at the next opening. */
  void request() throws IOException {
    if (!isRequested()) {
      Files.createFile(folder.resolve(MARK));
    }
  }

  /** Whether records of mail may have been lost, in this run of the process. */
  boolean mayHaveLostRecords() {
    return lost;
  }

  /**
   * Inspects the files before the engine opens them, which would delete a log without its database
   * and overwrite a log after a damaged frame.
   *
   * @param used whether a spool was here before
   * @param contents how many contents' files are here
   * @return {@link #mayHaveLostRecords}
   */
  boolean beforeOpening(boolean used, int contents) throws SpoolException {
    try {
      if (isRequested()) {
        run();
      } else if (!isEmpty(DATABASE)) {
        if (!isEmpty(LOG)) {
          switch (WalFile.inspect(folder.resolve(LOG))) {
            case SOUND -> {}
            case UNFINISHED -> keepUnfinishedLog();
            case DAMAGED -> {
              lost = true;
              keepLog();
            }
          }
        }
      } else if (!isEmpty(LOG)) {
        spool.log.storeTrouble(
            "the spool's database is missing or empty, but its write-ahead log exists", null);
        run();
      } else if (used || contents > 0) {
        lost = true;
        spool.log.storeTrouble(
            "the spool's database is missing or empty: a new one is created; "
                + CountText.of(contents, "content file has | content files have")
                + " no record; they are set aside",
            null);
      }
      return lost;
    } catch (IOException | SQLException e) {
      throw failure(e);
    }
  }

  private void keepLog() throws IOException {
    spool.log.storeTrouble(
        "the database's log is damaged before its last commit; mail after that place is not"
            + " delivered; the log is kept in "
            + copyLog("damaged-"),
        null);
  }

  /** As after a crash; but a log that was cut off looks the same, and that was acknowledged. */
  private void keepUnfinishedLog() throws IOException {
    long kept;
    try (Stream<Path> all = Files.list(folder)) {
      kept = all.filter(f -> String.valueOf(f.getFileName()).startsWith(UNFINISHED)).count();
    }
    if (kept >= MAX_UNFINISHED) {
      spool.log.warning(
          "spool",
          "the database's log ends within a transaction, as after a crash; it is not kept: "
              + kept
              + " folders "
              + UNFINISHED
              + "... exist already");
      return;
    }
    spool.log.warning(
        "spool",
        "the database's log ends within a transaction, as after a crash; a copy is kept in "
            + copyLog(UNFINISHED));
  }

  private Path copyLog(String kind) throws IOException {
    Path aside = newFolder(kind);
    copy(folder.resolve(LOG), aside.resolve(LOG));
    StateFiles.sync(aside);
    StateFiles.sync(folder);
    return aside.getFileName();
  }

  /** Moves the damaged files away and copies out what is readable; or goes on with that. */
  void run(SpoolException why) throws SpoolException {
    spool.log.storeTrouble(
        "the spool's database is damaged: readable records are copied to a new one", why);
    try {
      run();
    } catch (IOException | SQLException e) {
      throw failure(e);
    }
  }

  private static SpoolException failure(Exception e) {
    return SpoolException.of("the damaged spool could not be copied", e);
  }

  private void run() throws IOException, SQLException {
    lost = true;
    Path aside = asideFolder();
    if (!Files.exists(aside.resolve(MOVED))) {
      move(DATABASE, aside);
      spool.after.accept(SpoolStep.MOVE_DATABASE);
      move(LOG, aside);
      spool.after.accept(SpoolStep.MOVE_LOG);
      Files.deleteIfExists(folder.resolve(INDEX));
      StateFiles.sync(aside);
      StateFiles.sync(folder);
      Files.createFile(aside.resolve(MOVED));
      StateFiles.sync(aside);
      spool.after.accept(SpoolStep.MARK_MOVED);
    }
    if (!Files.exists(folder.resolve(DATABASE))) {
      build(aside);
    }
    Files.deleteIfExists(folder.resolve(MARK));
    StateFiles.sync(folder);
    spool.after.accept(SpoolStep.END_SALVAGE);
  }

  private boolean isEmpty(String name) throws IOException {
    Path file = folder.resolve(name);
    return !Files.exists(file) || Files.size(file) == 0;
  }

  /** The folder that the mark names; a mark without one gets one. */
  private Path asideFolder() throws IOException {
    Path mark = folder.resolve(MARK);
    String name = "";
    if (Files.exists(mark)) {
      try (InputStream in = RegularFile.open(mark)) {
        name = new String(in.readNBytes(MAX_MARK), StandardCharsets.UTF_8).trim();
      }
    }
    if (FOLDER_NAME.matcher(name).matches()) {
      Path aside = folder.resolve(name);
      StateFiles.ownFolder(aside);
      return aside;
    }
    Path aside = newFolder("damaged-");
    byte[] named = String.valueOf(aside.getFileName()).getBytes(StandardCharsets.UTF_8);
    StateFiles.replace(mark, out -> out.write(named));
    StateFiles.sync(folder);
    spool.after.accept(SpoolStep.NAME_FOLDER);
    return aside;
  }

  private Path newFolder(String kind) throws IOException {
    String name = kind + spool.clock.now().toEpochMilli();
    Path aside = folder.resolve(name);
    for (int i = 1; Files.exists(aside); i++) {
      aside = folder.resolve(name + "-" + i);
    }
    StateFiles.ownFolder(aside);
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
    StateFiles.sync(to);
  }

  private void build(Path aside) throws IOException, SQLException {
    Path fresh = folder.resolve("spool.db.new");
    Files.deleteIfExists(fresh);
    String copied = "no record of the damaged spool can be read";
    try (Connection target = Sqlite.create(fresh, SpoolFormat.SPOOL, CACHE_KIB);
        Statement plain = target.createStatement()) {
      // The file counts only when it is whole: no journal, one sync at the end.
      plain.execute("PRAGMA journal_mode = OFF");
      plain.execute("PRAGMA synchronous = OFF");
      Connection source = source(aside);
      if (source != null) {
        try (source;
            RowMark mark = RowMark.open(aside.resolve(ROW))) {
          plain.execute("BEGIN");
          copied = new RowCopy(source, target, mark, spool.log).run();
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
    StateFiles.sync(fresh);
    spool.after.accept(SpoolStep.COPY_ROWS);
    Files.move(fresh, folder.resolve(DATABASE), StandardCopyOption.ATOMIC_MOVE);
    StateFiles.sync(folder);
    spool.after.accept(SpoolStep.PLACE_DATABASE);
    spool.log.storeTrouble(copied + "; the damaged files are kept in " + aside.getFileName(), null);
  }

  /**
   * The damaged database, opened so that it is not changed; or a copy of it with a first page that
   * can be read; or the same without its log. Null when none shows the tables of a spool.
   */
  private @Nullable Connection source(Path aside) throws IOException, SQLException {
    Path database = aside.resolve(DATABASE);
    Connection asItIs = Files.exists(database) ? readable(database) : null;
    if (asItIs != null) {
      return asItIs;
    }
    Path repaired = aside.resolve(REPAIRED);
    Path damagedLog = aside.resolve(LOG);
    for (boolean withLog : new boolean[] {true, false}) {
      for (String suffix : List.of("", "-wal", "-shm")) {
        Files.deleteIfExists(aside.resolve(REPAIRED + suffix));
      }
      repair(database, repaired);
      if (withLog && Files.exists(damagedLog)) {
        copy(damagedLog, aside.resolve(REPAIRED + "-wal"));
      }
      Connection copy = readable(repaired);
      if (copy != null) {
        spool.log.storeTrouble(
            "the first page of the database is damaged: it is read with that of a new one"
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
      Statements.checkpoint(fresh, "TRUNCATE");
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
}

package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.router.store.Sqlite;

/** Logs that the engine itself wrote, as an interrupted run and as damage leave them. */
@Tag("long")
@Timeout(600)
final class WalFileTest {
  private static final int HEADER = 32;
  private static final int FRAME = 24 + SpoolFormat.PAGE;

  /** In KiB: a transaction of many pages is written to the log before its commit. */
  private static final int SMALL_CACHE = 64;

  @TempDir private Path folder = Path.of("");
  private Path database = Path.of("");
  private Path examined = Path.of("");

  @BeforeEach
  void setUp() throws Exception {
    database = folder.resolve("spool.db");
    examined = folder.resolve("examined");
    try (Connection connection = Sqlite.create(database, SpoolFormat.SPOOL, SMALL_CACHE)) {
      execute(connection, "CREATE TABLE t (n INTEGER PRIMARY KEY, x BLOB)");
    }
  }

  private static void execute(Connection connection, String... statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  /** One transaction of about one frame for each row, and two more. */
  private static void store(Connection connection, int from, int rows) throws SQLException {
    execute(connection, "BEGIN");
    insert(connection, from, rows);
    execute(connection, "COMMIT");
  }

  private static void insert(Connection connection, int from, int rows) throws SQLException {
    for (int row = from; row < from + rows; row++) {
      execute(connection, "INSERT INTO t VALUES (" + row + ", randomblob(7000))");
    }
  }

  private byte[] log() throws IOException {
    return Files.readAllBytes(folder.resolve("spool.db-wal"));
  }

  private WalFile.Condition inspect(byte[] log) throws IOException {
    Files.write(examined, log);
    return WalFile.inspect(examined);
  }

  private boolean isDamaged(byte[] log) throws IOException {
    return inspect(log) == WalFile.Condition.DAMAGED;
  }

  private static int frames(byte[] log) {
    return (log.length - HEADER) / FRAME;
  }

  private static boolean isCommit(byte[] log, int frame) {
    return ByteBuffer.wrap(log).getInt(HEADER + frame * FRAME + 4) != 0;
  }

  private static boolean isOfThisLog(byte[] log, int frame) {
    ByteBuffer bytes = ByteBuffer.wrap(log);
    return bytes.getLong(HEADER + frame * FRAME + 8) == bytes.getLong(16);
  }

  private byte[] threeTransactions() throws Exception {
    try (Connection connection = Sqlite.writer(database, SpoolFormat.SPOOL, SMALL_CACHE)) {
      for (int i = 0; i < 3; i++) {
        store(connection, i, 1);
      }
      return log();
    }
  }

  /**
   * The log as a kill leaves it after each byte of {@code written} over what was there before.
   *
   * @param step in bytes, within pages; every byte of a frame's header is tried
   */
  private void assertNoDamageAfterEachOctet(byte[] before, byte[] written, int from, int step)
      throws IOException {
    Files.write(examined, before);
    try (RandomAccessFile file = new RandomAccessFile(examined.toFile(), "rw")) {
      int next;
      for (int at = from; at < written.length; at = next) {
        int inFrame = at < HEADER ? 0 : (at - HEADER) % FRAME;
        next = inFrame < 24 ? at + 1 : Math.min(at + step, at + FRAME - inFrame);
        next = Math.min(next, written.length);
        file.seek(at);
        file.write(written, at, next - at);
        if (!isSame(before, written, at, next)) {
          assertNotEquals(
              WalFile.Condition.DAMAGED,
              WalFile.inspect(examined),
              "interrupted after byte " + next);
        }
      }
    }
  }

  private static boolean isSame(byte[] before, byte[] written, int from, int to) {
    return to <= before.length && Arrays.equals(before, from, to, written, from, to);
  }

  @Test
  void whatIsCutOffAtAnyOctetIsNoDamage() throws Exception {
    byte[] log = threeTransactions();
    assertTrue(isCommit(log, frames(log) - 1));
    assertNoDamageAfterEachOctet(new byte[0], log, 0, 1);
  }

  @Test
  void framesOfAnEarlierGenerationAreNoDamage() throws Exception {
    try (Connection connection = Sqlite.writer(database, SpoolFormat.SPOOL, SMALL_CACHE)) {
      store(connection, 0, 3);
      store(connection, 10, 2);
      byte[] before = log();
      execute(connection, "PRAGMA wal_checkpoint(RESTART)");
      store(connection, 20, 1);
      byte[] after = log();
      assertEquals(before.length, after.length);
      assertTrue(isOfThisLog(after, 0) && !isOfThisLog(after, frames(after) - 1));
      // The header is written at once.
      System.arraycopy(after, 0, before, 0, HEADER);
      assertFalse(isDamaged(before));
      assertNoDamageAfterEachOctet(before, after, HEADER, 16);
    }
  }

  @Test
  void aTransactionThatWasNotCompletedIsNoDamage() throws Exception {
    try (Connection connection = Sqlite.writer(database, SpoolFormat.SPOOL, SMALL_CACHE)) {
      store(connection, 0, 1);
      byte[] before = log();
      execute(connection, "BEGIN");
      insert(connection, 10, 30);
      byte[] after = log();
      assertTrue(frames(after) > frames(before) + 5, "written before its commit");
      assertFalse(isDamaged(after));
      execute(connection, "ROLLBACK");
      assertFalse(isDamaged(log()));
      byte[] rolledBack = log();
      store(connection, 50, 1);
      byte[] over = log();
      int last = frames(over) - 1;
      assertTrue(isOfThisLog(over, last) && !isCommit(over, last), "something is left over");
      assertNoDamageAfterEachOctet(rolledBack, over, before.length, 512);
    }
  }

  /** The engine writes a page again in its place, and the checksums after it at the commit. */
  @Test
  void pagesThatWereWrittenTwiceBeforeTheirCommitAreNoDamage() throws Exception {
    try (Connection connection = Sqlite.writer(database, SpoolFormat.SPOOL, SMALL_CACHE)) {
      store(connection, 0, 1);
      execute(connection, "BEGIN");
      insert(connection, 10, 30);
      execute(connection, "UPDATE t SET x = randomblob(6999) WHERE n >= 10");
      insert(connection, 50, 30);
      byte[] before = log();
      int last = frames(before) - 1;
      assertFalse(isOfThisLog(before, last), "no salts before the commit");
      assertFalse(isDamaged(before));
      execute(connection, "COMMIT");
      byte[] after = log();
      assertTrue(isCommit(after, frames(after) - 1));
      assertFalse(isDamaged(after));
      // The rest of the pages is written first, the headers from the first to the last then.
      byte[] now = after.clone();
      int stale = 0;
      for (int frame = 0; frame < frames(before); frame++) {
        int at = HEADER + frame * FRAME;
        stale += Arrays.equals(now, at, at + 24, before, at, at + 24) ? 0 : 1;
        System.arraycopy(before, at, now, at, 24);
      }
      assertTrue(stale > 5);
      for (int frame = frames(before); frame < frames(after); frame++) {
        Arrays.fill(now, HEADER + frame * FRAME + 8, HEADER + frame * FRAME + 24, (byte) 0);
      }
      assertFalse(isDamaged(now));
      for (int frame = 0; frame < frames(after); frame++) {
        System.arraycopy(after, HEADER + frame * FRAME, now, HEADER + frame * FRAME, 24);
        assertFalse(isDamaged(now), "headers up to " + frame);
      }
    }
  }

  /** Killed in a transaction, started, a short transaction, and killed in another one. */
  @Test
  void aLogThatWasInterruptedTwiceIsNoDamage() throws Exception {
    Path second = Files.createDirectory(folder.resolve("second"));
    Path copied = second.resolve("spool.db");
    try (Connection connection = Sqlite.writer(database, SpoolFormat.SPOOL, SMALL_CACHE)) {
      store(connection, 0, 1);
      execute(connection, "BEGIN");
      insert(connection, 10, 30);
      Files.copy(folder.resolve("spool.db-wal"), second.resolve("spool.db-wal"));
    }
    // With the connection closed, whose locks a read of the database would have ended.
    Files.copy(database, copied);
    byte[] killed = Files.readAllBytes(second.resolve("spool.db-wal"));
    try (Connection connection = Sqlite.writer(copied, SpoolFormat.SPOOL, SMALL_CACHE)) {
      execute(connection, "SELECT count(*) FROM t");
      store(connection, 50, 1);
      byte[] again = Files.readAllBytes(second.resolve("spool.db-wal"));
      assertEquals(killed.length, again.length);
      int last = frames(again) - 1;
      assertTrue(isOfThisLog(again, last) && !isCommit(again, last), "something is left over");
      assertNoDamageAfterEachOctet(killed, again, HEADER, 512);
      execute(connection, "BEGIN");
      insert(connection, 60, 20);
      assertFalse(isDamaged(Files.readAllBytes(second.resolve("spool.db-wal"))));
      execute(connection, "ROLLBACK");
    }
  }

  @Test
  void anyChangedOctetBeforeTheLastCommitIsDamage() throws Exception {
    byte[] log = threeTransactions();
    int lastFrame = HEADER + (frames(log) - 1) * FRAME;
    assertFalse(isDamaged(log));
    try (RandomAccessFile file = new RandomAccessFile(examined.toFile(), "rw")) {
      int step;
      for (int at = 0; at < log.length; at += step) {
        // Each byte of the headers; each sixteenth of the pages.
        step = at < HEADER || (at - HEADER) % FRAME < 24 ? 1 : 16;
        file.seek(at);
        file.write(log[at] ^ 0x10);
        boolean salts = at >= lastFrame + 8 && at < lastFrame + 16;
        // Within the last frame it looks like a frame that was not completed.
        assertEquals(
            at < lastFrame || salts,
            WalFile.inspect(examined) == WalFile.Condition.DAMAGED,
            "byte " + at);
        file.seek(at);
        file.write(log[at]);
      }
    }
  }

  /** A crash or a cut file: only at the end of a transaction nothing can be missing. */
  @Test
  void aLogThatEndsWithinATransactionIsUnfinished() throws Exception {
    byte[] log = threeTransactions();
    assertEquals(WalFile.Condition.SOUND, inspect(log));
    ByteBuffer numbers = ByteBuffer.wrap(log);
    for (int end = HEADER + 1; end < log.length; end += 7) {
      int inFrame = (end - HEADER) % FRAME;
      int before = end - inFrame;
      // The last whole frame is a commit, and of the next one no salts are there.
      boolean whole = before == HEADER || numbers.getInt(before - FRAME + 4) != 0;
      assertEquals(
          whole && inFrame < 16 ? WalFile.Condition.SOUND : WalFile.Condition.UNFINISHED,
          inspect(Arrays.copyOf(log, end)),
          "cut after byte " + end);
    }
  }

  /** Frames of earlier generations after it do not hide it. */
  @Test
  void anUnfinishedTransactionBeforeOldFramesIsSeen() throws Exception {
    try (Connection connection = Sqlite.writer(database, SpoolFormat.SPOOL, SMALL_CACHE)) {
      store(connection, 0, 9);
      execute(connection, "PRAGMA wal_checkpoint(RESTART)");
      store(connection, 20, 1);
      byte[] log = log();
      assertEquals(WalFile.Condition.SOUND, inspect(log));
      int last = 0;
      while (isOfThisLog(log, last + 1)) {
        last++;
      }
      // The commit of this generation never came: there is what was before.
      log[HEADER + last * FRAME + 8] ^= 1;
      Arrays.fill(log, HEADER + last * FRAME + 4, HEADER + last * FRAME + 8, (byte) 0);
      assertEquals(WalFile.Condition.UNFINISHED, inspect(log));
    }
  }

  @Test
  void aLostBlockBeforeOtherTransactionsIsDamage() throws Exception {
    try (Connection connection = Sqlite.writer(database, SpoolFormat.SPOOL, SMALL_CACHE)) {
      for (int i = 0; i < 6; i++) {
        store(connection, i * 10, 3);
      }
      byte[] log = log();
      int block = 4096;
      for (int at = 0; at < log.length - 3 * FRAME; at += block) {
        byte[] lost = log.clone();
        Arrays.fill(lost, at, at + block, (byte) 0);
        // Free space in a page is zeros already.
        assertEquals(!Arrays.equals(lost, log), isDamaged(lost), "block at " + at);
      }
    }
  }

  @Test
  void damageInTheGenerationBeforeIsNoneInThisOne() throws Exception {
    try (Connection connection = Sqlite.writer(database, SpoolFormat.SPOOL, SMALL_CACHE)) {
      store(connection, 0, 6);
      execute(connection, "PRAGMA wal_checkpoint(RESTART)");
      store(connection, 20, 1);
      byte[] log = log();
      int frame = frames(log) - 2;
      assertFalse(isOfThisLog(log, frame));
      log[HEADER + frame * FRAME + 100] ^= 1;
      assertFalse(isDamaged(log));
    }
  }
}

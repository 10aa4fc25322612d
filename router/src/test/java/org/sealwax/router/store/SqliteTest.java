package org.sealwax.router.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.net.UnusualFile;

/** A database from its first version to the newest, and those that are not touched. */
final class SqliteTest {
  private static final SqliteFormat.Migration FIRST =
      SqliteFormat.Migration.of("CREATE TABLE a(x)", "INSERT INTO a VALUES(1)");
  private static final SqliteFormat ONE = format(FIRST);
  private static final SqliteFormat TWO =
      format(FIRST, SqliteFormat.Migration.of("ALTER TABLE a ADD COLUMN y DEFAULT 2"));

  @TempDir Path folder;
  private Path database;

  @BeforeEach
  void name() {
    database = folder.resolve("x.db");
  }

  private static SqliteFormat format(SqliteFormat.Migration... migrations) {
    return new SqliteFormat(
        "toy",
        7,
        List.of("page_size = 8192", "auto_vacuum = INCREMENTAL", "journal_mode = WAL"),
        List.of("a"),
        List.of(migrations));
  }

  private int number(SqliteFormat format, String sql) throws Exception {
    try (Connection c = Sqlite.create(database, format, 100);
        Statement s = c.createStatement();
        var r = s.executeQuery(sql)) {
      return r.next() ? r.getInt(1) : -1;
    }
  }

  /** Opening a FIFO for reading only would wait for a writer. */
  @ParameterizedTest
  @EnumSource(
      value = UnusualFile.class,
      names = {"FIFO", "ENDLESS_DEVICE", "FOLDER"})
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void whatIsNoFileIsNotOpened(UnusualFile kind) throws Exception {
    kind.put(database);
    try {
      SQLException why =
          assertThrows(SQLException.class, () -> Sqlite.readOnlyUntouched(database, 100));
      assertEquals(database + ": not a regular file", why.getMessage());
    } finally {
      Files.delete(database);
    }
  }

  private void change(String sql) throws Exception {
    try (Connection c = Sqlite.writer(database, TWO, 100);
        Statement s = c.createStatement()) {
      s.execute(sql);
    }
  }

  private void isRefused(String why, boolean damaged) throws Exception {
    byte[] before = Files.readAllBytes(database);
    StoreFormatException e =
        assertThrows(StoreFormatException.class, () -> Sqlite.writer(database, TWO, 100));
    assertTrue(String.valueOf(e.getMessage()).contains(why), e.getMessage());
    assertEquals(damaged, e.isDamaged());
    assertArrayEquals(before, Files.readAllBytes(database));
  }

  @Test
  void upgradesFromEachFormat() throws Exception {
    assertEquals(1, number(ONE, "PRAGMA user_version"));
    assertEquals(2, number(TWO, "PRAGMA user_version"));
    assertEquals(2, number(TWO, "SELECT y FROM a WHERE x = 1"));
    assertEquals(7, number(TWO, "PRAGMA application_id"));
    Files.delete(database);
    assertEquals(2, number(TWO, "PRAGMA user_version"));
  }

  @Test
  void settingsThatComeBeforeTheFirstTableTakeEffect() throws Exception {
    assertEquals(8192, number(ONE, "PRAGMA page_size"));
    assertEquals(2, number(ONE, "PRAGMA auto_vacuum"));
    assertEquals(
        PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(database));
  }

  @Test
  void aFailedMigrationLeavesTheVersionBefore() throws Exception {
    assertEquals(1, number(ONE, "PRAGMA user_version"));
    SqliteFormat wrong =
        format(FIRST, SqliteFormat.Migration.of("ALTER TABLE a ADD COLUMN z", "no statement"));
    assertThrows(SQLException.class, () -> Sqlite.writer(database, wrong, 100));
    assertEquals(1, number(ONE, "PRAGMA user_version"));
    assertEquals(1, number(ONE, "SELECT count(*) FROM pragma_table_info('a')"));
  }

  @Test
  void aMigrationThatFailsInAnyWayLeavesNoLock() throws Exception {
    assertEquals(1, number(ONE, "PRAGMA user_version"));
    for (Throwable failure : failures()) {
      SqliteFormat wrong =
          format(
              FIRST,
              statement -> {
                statement.execute("ALTER TABLE a ADD COLUMN z");
                throw unchecked(failure);
              });
      assertThrows(failure.getClass(), () -> Sqlite.writer(database, wrong, 100));
      assertEquals(1, number(ONE, "SELECT count(*) FROM pragma_table_info('a')"));
      assertEquals(1, number(ONE, "UPDATE a SET x = 1 RETURNING x"), failure.toString());
    }
  }

  @Test
  void aTransactionThatFailsInAnyWayIsRolledBack() throws Exception {
    try (Statements all = new Statements(Sqlite.create(database, ONE, 100))) {
      for (Throwable failure : failures()) {
        assertThrows(
            failure.getClass(),
            () ->
                all.transaction(
                    Statements.Begin.DEFERRED,
                    in -> {
                      in.update("INSERT INTO a VALUES(2)");
                      throw unchecked(failure);
                    }));
        assertEquals(1, all.number("SELECT count(*) FROM a"), failure.toString());
        assertEquals(
            1,
            all.<Integer>transaction(
                Statements.Begin.DEFERRED, in -> in.update("UPDATE a SET x = 1")));
      }
    }
  }

  private static List<Throwable> failures() {
    return List.of(
        new SQLException("injected"),
        new IllegalStateException("injected"),
        new AssertionError("injected"));
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> T unchecked(Throwable failure) throws T {
    throw (T) failure;
  }

  @Test
  void leavesNewerForeignAndDamagedDatabasesAlone() throws Exception {
    assertEquals(2, number(TWO, "PRAGMA user_version"));
    change("PRAGMA user_version = 99");
    isRefused("format 99", false);
    Files.delete(database);
    assertEquals(2, number(TWO, "PRAGMA user_version"));
    change("PRAGMA application_id = 5");
    isRefused("the header of the toy's database is damaged", true);
    Files.delete(database);
    assertEquals(2, number(TWO, "PRAGMA user_version"));
    change("ALTER TABLE a RENAME TO b");
    change("PRAGMA application_id = 5");
    isRefused("no toy", false);
  }

  /** Whatever the file is: it is opened, or refused with a reason, and never replaced. */
  @Test
  void damagedFilesAreOpenedOrRefused() throws Exception {
    assertEquals(2, number(TWO, "PRAGMA user_version"));
    byte[] whole = Files.readAllBytes(database);
    Random random = new Random(14);
    int opened = 0;
    for (int i = 0; i < 200; i++) {
      byte[] damaged =
          Arrays.copyOf(whole, i % 4 == 0 ? random.nextInt(whole.length) : whole.length);
      for (int j = random.nextInt(4); j > 0 && damaged.length > 0; j--) {
        damaged[random.nextInt(Math.min(damaged.length, i % 2 == 0 ? 100 : damaged.length))] =
            (byte) random.nextInt();
      }
      database = folder.resolve("damaged" + i);
      Files.write(database, damaged);
      try (Connection c = Sqlite.writer(database, TWO, 100);
          Statement s = c.createStatement()) {
        s.execute("SELECT * FROM a");
        opened++;
      } catch (StoreFormatException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("toy"), e.getMessage());
      } catch (SQLException e) {
        assertTrue(SqliteFailure.isUnreadable(e) || damaged.length < whole.length, e.getMessage());
      }
      assertTrue(Files.size(database) >= damaged.length);
    }
    assertTrue(opened > 10, "all were refused");
  }

  @Test
  void aMissingDatabaseIsMadeOnlyOnRequest() {
    assertThrows(SQLException.class, () -> Sqlite.writer(database, TWO, 100));
    assertFalse(Files.exists(database));
  }
}

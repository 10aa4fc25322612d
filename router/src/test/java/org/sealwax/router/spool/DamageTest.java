package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.store.Sqlite;

/** Whatever happened to the files of a spool: a start deletes no content of acknowledged mail. */
@Timeout(600)
final class DamageTest {
  /** Contents are made of blocks that say whose they are, so that they are found anywhere. */
  private static final int BLOCK = 64;

  private static final byte[] MARK =
      "sealwax-block-".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

  @TempDir Path temporary;

  private final BugLog log = new BugLog();

  private Path folder() {
    return temporary.resolve("spool");
  }

  private SqliteSpool open(Path where) throws IOException {
    return SqliteSpool.open(
        new SpoolSettings(where, 0, 1000),
        Clock.system(),
        RandomSource.secure(),
        log.log,
        () -> {});
  }

  /** Opens, waits until everything that goes on at a start is over, and closes. */
  private void start(Path where) throws IOException {
    try (SqliteSpool spool = open(where)) {
      while (!spool.upkeep.hasSwept()) {
        Thread.onSpinWait();
      }
      SpoolChild.store(spool, new byte[100]);
    }
  }

  private static byte[] content(int message, int blocks) {
    byte[] all = new byte[blocks * BLOCK];
    for (int i = 0; i < blocks; i++) {
      System.arraycopy(MARK, 0, all, i * BLOCK, MARK.length);
      ByteBuffer.wrap(all).putInt(i * BLOCK + MARK.length, message).putInt(i * BLOCK + 20, i);
      Arrays.fill(all, i * BLOCK + 24, (i + 1) * BLOCK, (byte) (message * 31 + i));
    }
    return all;
  }

  /** The whole blocks of these messages that are in some file of a folder. */
  private static Set<Long> blocks(Path folder, int messages) throws IOException {
    Set<Long> found = new HashSet<>();
    List<Path> files;
    try (Stream<Path> all = Files.walk(folder)) {
      files = all.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      byte[] bytes = Files.readAllBytes(file);
      ByteBuffer numbers = ByteBuffer.wrap(bytes);
      for (int at = 0; at + BLOCK <= bytes.length; at++) {
        if (bytes[at] == MARK[0]
            && Arrays.equals(bytes, at, at + MARK.length, MARK, 0, MARK.length)) {
          int message = numbers.getInt(at + MARK.length);
          int block = numbers.getInt(at + 20);
          boolean whole = message >= 0 && message < messages;
          for (int i = 24; i < BLOCK && whole; i++) {
            whole = bytes[at + i] == (byte) (message * 31 + block);
          }
          if (whole) {
            found.add((long) message << 32 | block);
          }
        }
      }
    }
    return found;
  }

  /** Stores messages of all sizes that matter; returns their identifiers. */
  private static List<QueueId> fill(SqliteSpool spool, int from, int messages) throws Exception {
    List<QueueId> ids = new ArrayList<>();
    for (int i = from; i < from + messages; i++) {
      int blocks = i % 5 == 0 ? SqliteSpool.INLINE_LIMIT / BLOCK + 1 : i % 3 == 0 ? 400 : 40;
      ids.add(SpoolChild.store(spool, content(i, blocks)));
    }
    return ids;
  }

  private List<QueueId> stored(int messages) throws Exception {
    try (SqliteSpool spool = open(folder())) {
      return fill(spool, 0, messages);
    }
  }

  private void nothingIsLost(int messages, Set<Long> before) throws IOException {
    Set<Long> lost = new HashSet<>(before);
    lost.removeAll(blocks(folder(), messages));
    assertEquals(Set.of(), lost, "lost of " + before.size());
  }

  private List<Path> unclaimed() throws IOException {
    try (Stream<Path> files = Files.list(folder().resolve("unclaimed"))) {
      return files.toList();
    }
  }

  @Test
  void contentsWithoutDatabaseAreSetAside() throws Exception {
    List<QueueId> ids = stored(20);
    Set<Long> before = blocks(folder().resolve("bodies"), 20);
    for (String left : List.of("nothing", "empty", "zeros")) {
      Path database = folder().resolve("spool.db");
      Files.deleteIfExists(database);
      if (!left.equals("nothing")) {
        Files.write(database, new byte[left.equals("empty") ? 0 : 100_000]);
      }
      start(folder());
      nothingIsLost(20, before);
      assertEquals(4, unclaimed().size(), left);
      assertTrue(log.bugs.stream().anyMatch(t -> t.contains("unclaimed")), left + log.bugs);
    }
    Path copy = temporary.resolve("copy");
    try (SqliteSpool spool = open(folder())) {
      spool.backup(copy, other -> {});
    }
    for (Path each : List.of(folder(), copy)) {
      assertArrayEquals(
          content(5, SqliteSpool.INLINE_LIMIT / BLOCK + 1),
          Files.readAllBytes(each.resolve("unclaimed").resolve(ids.get(5).text())));
    }
  }

  @Test
  void aFileGoesWhenItsMessageIsDoneAndACrashCameBetween() throws Exception {
    List<QueueId> ids = stored(6);
    Path file = folder().resolve("bodies").resolve(ids.get(5).text());
    Path kept = Files.copy(file, temporary.resolve("kept"));
    try (SqliteSpool spool = open(folder())) {
      CountDownLatch done = new CountDownLatch(1);
      SpoolChange removal =
          new SpoolChange(
              List.of(new BatchKey(ids.get(5), 0)), List.of(), List.of(), List.of(), List.of());
      spool.change(removal, gone -> done.countDown());
      done.await();
    }
    assertFalse(Files.exists(file));
    // The state after a crash between the commit and the removal of the file.
    Files.move(kept, file);
    try (java.sql.Connection c =
            Sqlite.writer(folder().resolve("spool.db"), SpoolFormat.SPOOL, 100);
        java.sql.Statement s = c.createStatement()) {
      s.executeUpdate("INSERT OR IGNORE INTO gone VALUES(" + ids.get(5).number() + ")");
    }
    Path half = folder().resolve("bodies/" + QueueId.of(12345) + BodyFiles.RECEIVING);
    Files.write(half, new byte[3]);
    // As a crash between its commit and its name leaves it.
    Path named = folder().resolve("bodies").resolve(ids.get(0).text());
    Files.move(named, named.resolveSibling(ids.get(0) + BodyFiles.RECEIVING));
    start(folder());
    assertFalse(Files.exists(file));
    assertTrue(Files.exists(named));
    assertFalse(Files.exists(half), "never received to the end");
    assertFalse(Files.exists(folder().resolve("unclaimed")));
  }

  @Test
  void everyReadableRowOfADamagedDatabaseIsCopiedOut() throws Exception {
    List<QueueId> ids = new ArrayList<>();
    try (SqliteSpool spool = open(folder())) {
      for (int i = 0; i < 150; i++) {
        ids.add(SpoolChild.store(spool, new byte[3000]));
      }
    }
    overwrite("spool.db", 0.5, 8 * SpoolFormat.PAGE);
    int readable = 0;
    try (SqliteSpool spool = open(folder())) {
      while (!spool.upkeep.hasSwept()) {
        Thread.onSpinWait();
      }
      for (QueueId id : ids) {
        if (spool.message(id).isPresent()) {
          assertEquals(3000, read(spool, id).length);
          readable++;
        }
      }
      // Two rows to a page.
      assertTrue(readable >= 150 - 8 * 3 && readable < 150, "readable " + readable);
      assertEquals(readable, spool.due(Instant.now(), 1000).size());
    }
    assertTrue(log.bugs.stream().anyMatch(t -> t.contains("copied out")), log.bugs.toString());
  }

  private static byte[] read(Spool spool, QueueId id) throws IOException {
    try (InputStream in = spool.content(id)) {
      return in.readAllBytes();
    }
  }

  private void overwrite(String name, double at, int length) throws IOException {
    try (FileChannel file = FileChannel.open(folder().resolve(name), StandardOpenOption.WRITE)) {
      long page = (long) (file.size() / (double) SpoolFormat.PAGE * at);
      file.write(ByteBuffer.allocate(length), page * SpoolFormat.PAGE);
    }
  }

  @Test
  void allMailIsDeliveredWhenOnlyTheFirstPageIsDamaged() throws Exception {
    List<QueueId> ids = stored(20);
    overwrite("spool.db", 0, SpoolFormat.PAGE);
    try (SqliteSpool spool = open(folder())) {
      assertEquals(20, spool.due(Instant.now(), 100).size());
      for (QueueId id : ids) {
        assertTrue(read(spool, id).length > 0);
      }
    }
  }

  /** A young spool has everything in its log: the engine deletes a log without its database. */
  @Test
  void aLogWithoutItsDatabaseIsRead() throws Exception {
    Path crashed = crashed(12);
    TestFolders.delete(folder());
    TestFolders.copy(crashed, folder());
    Files.delete(folder().resolve("spool.db"));
    try (SqliteSpool spool = open(folder())) {
      assertEquals(12, spool.due(Instant.now(), 100).size());
    }
  }

  /** A copy of the folder as a killed process leaves it. */
  private Path crashed(int messages) throws Exception {
    Path crashed = temporary.resolve("crashed");
    try (SqliteSpool spool = open(folder())) {
      fill(spool, 0, messages);
      TestFolders.copy(folder(), crashed);
    }
    return crashed;
  }

  @Test
  void theEndOfALogBehindADamagedFrameIsKept() throws Exception {
    Path crashed = crashed(12);
    TestFolders.delete(folder());
    TestFolders.copy(crashed, folder());
    Set<Long> before = blocks(folder(), 12);
    overwrite("spool.db-wal", 0.5, 16);
    start(folder());
    Set<Long> lost = new HashSet<>(before);
    lost.removeAll(blocks(folder(), 12));
    assertTrue(lost.size() <= 1, lost.size() + " of " + before.size());
    assertTrue(log.bugs.stream().anyMatch(t -> t.contains("log is kept in")), log.bugs.toString());
  }

  @Test
  void anOrdinaryCrashIsNoDamage() throws Exception {
    Path crashed = crashed(12);
    TestFolders.delete(folder());
    TestFolders.copy(crashed, folder());
    start(folder());
    assertEquals(List.of(), log.bugs);
    try (Stream<Path> files = Files.list(folder())) {
      assertFalse(files.anyMatch(f -> String.valueOf(f.getFileName()).startsWith("damaged")));
    }
  }

  /** No mail is lost when a spool file is replaced by another kind of file, started or not. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "spool.db folder",
        "spool.db foreign",
        "spool.db text",
        "spool.db short",
        "spool.db-wal folder",
        "spool.db-wal foreign",
        "spool.db-shm text",
        "salvage text",
        "salvage folder",
        "reserve folder",
        "scans text",
        "scans folder",
        "unclaimed text",
        "spool.db.new text"
      })
  void anythingInThePlaceOfAFileLosesNoMail(String what) throws Exception {
    Path crashed = crashed(12);
    TestFolders.delete(folder());
    TestFolders.copy(crashed, folder());
    Path file = folder().resolve(what.split(" ")[0]);
    Path foreign = temporary.resolve("foreign.db");
    try (Connection c = DriverManager.getConnection("jdbc:sqlite:" + foreign);
        Statement s = c.createStatement()) {
      s.executeUpdate("CREATE TABLE other(x)");
    }
    Set<Long> before = blocks(folder().resolve("bodies"), 12);
    if (Files.isDirectory(file)) {
      TestFolders.delete(file);
    }
    Files.deleteIfExists(file);
    switch (what.split(" ")[1]) {
      case "folder" -> Files.createDirectory(file);
      case "foreign" -> Files.copy(foreign, file);
      case "short" -> Files.write(file, new byte[30]);
      default -> Files.writeString(file, "something else ".repeat(500));
    }
    SpoolException refused = null;
    for (int i = 0; i < 2; i++) {
      try {
        start(folder());
      } catch (SpoolException e) {
        refused = e;
      }
    }
    nothingIsLost(12, before);
    boolean isNeeded = file.getFileName().toString().startsWith("spool.db");
    assertTrue(refused == null || isNeeded || what.endsWith("folder"), what + ": " + refused);
  }

  /** 6,000 messages became none while the log said that they were copied. */
  @Test
  void writeFailuresAreNotCountedAsUnreadableMail() throws Exception {
    stored(20);
    overwrite("spool.db", 0, SpoolFormat.PAGE);
    // A folder where the new database should be: its file cannot be made.
    Path inTheWay = folder().resolve("spool.db.new");
    Files.createDirectories(inTheWay.resolve("x"));
    for (int i = 0; i < 2; i++) {
      assertThrows(SpoolException.class, () -> open(folder()));
      assertTrue(
          Files.exists(folder().resolve("salvage")) || Files.exists(folder().resolve("spool.db")));
    }
    TestFolders.delete(inTheWay);
    try (SqliteSpool spool = open(folder())) {
      assertEquals(20, spool.due(Instant.now(), 100).size());
    }
    assertFalse(Files.exists(folder().resolve("salvage")));
  }

  @Test
  void theDamagedFilesAreKeptAsTheyWere() throws Exception {
    Path crashed = crashed(12);
    TestFolders.delete(folder());
    TestFolders.copy(crashed, folder());
    overwrite("spool.db", 0, 8);
    byte[] database = Files.readAllBytes(folder().resolve("spool.db"));
    byte[] wal = Files.readAllBytes(folder().resolve("spool.db-wal"));
    Files.createFile(folder().resolve("salvage"));
    start(folder());
    try (Stream<Path> files = Files.list(folder())) {
      Path aside =
          files
              .filter(f -> String.valueOf(f.getFileName()).startsWith("damaged"))
              .findAny()
              .orElseThrow();
      assertArrayEquals(database, Files.readAllBytes(aside.resolve("spool.db")));
      assertArrayEquals(wal, Files.readAllBytes(aside.resolve("spool.db-wal")));
    }
  }

  /** After each step of the copying-out, as a crash there leaves it. */
  @Test
  void aCrashDuringTheCopyingOutLosesNothing() throws Exception {
    Path crashed = crashed(12);
    for (int step = 0; step < 5; step++) {
      TestFolders.delete(folder());
      TestFolders.copy(crashed, folder());
      Path aside = folder().resolve("damaged-17");
      Files.writeString(folder().resolve("salvage"), "damaged-17");
      Files.createDirectory(aside);
      if (step > 0) {
        Files.move(folder().resolve("spool.db"), aside.resolve("spool.db"));
      }
      if (step > 1) {
        Files.move(folder().resolve("spool.db-wal"), aside.resolve("spool.db-wal"));
      }
      if (step > 2) {
        Files.createFile(aside.resolve("moved"));
      }
      if (step > 3) {
        Files.write(folder().resolve("spool.db.new"), new byte[5000]);
      }
      try (SqliteSpool spool = open(folder())) {
        assertEquals(12, spool.due(Instant.now(), 100).size(), "step " + step);
      }
    }
  }

  @Test
  void deletesNothingAfterRandomDamage() throws Exception {
    randomDamage(1, Integer.getInteger("sealwax.damage.cases", 60));
  }

  @Test
  @Tag("slow")
  @Timeout(3600)
  void deletesNothingAfterRandomDamageInTenThousandCases() throws Exception {
    randomDamage(1_000_000, 10_000);
  }

  private void randomDamage(int firstSeed, int cases) throws Exception {
    int messages = 14;
    Path early = temporary.resolve("early");
    Path running = temporary.resolve("running");
    Path closed = temporary.resolve("closed");
    try (SqliteSpool spool = open(folder())) {
      List<QueueId> done = fill(spool, 100, 8);
      fill(spool, 0, messages / 2);
      TestFolders.copy(folder(), early);
      for (QueueId id : done) {
        CountDownLatch gone = new CountDownLatch(1);
        spool.change(
            new SpoolChange(
                List.of(new BatchKey(id, 0)), List.of(), List.of(), List.of(), List.of()),
            g -> gone.countDown());
        gone.await();
      }
      fill(spool, messages / 2, messages - messages / 2);
      TestFolders.copy(folder(), running);
    }
    TestFolders.copy(folder(), closed);
    for (int seed = firstSeed; seed < firstSeed + cases; seed++) {
      Random random = new Random(seed);
      TestFolders.delete(folder());
      TestFolders.copy(random.nextBoolean() ? running : closed, folder());
      String what = damage(random, early);
      Set<Long> before = blocks(folder(), messages);
      try {
        start(folder());
      } catch (SpoolException e) {
        // Refused: nothing was touched, as the blocks show.
        what += " refused: " + e.getMessage();
      }
      Set<Long> lost = new HashSet<>(before);
      lost.removeAll(blocks(folder(), messages));
      assertEquals(Set.of(), lost, "seed " + seed + ": " + what);
    }
  }

  /** Damages one to three files; shows what it did. */
  private String damage(Random random, Path early) throws IOException {
    StringBuilder what = new StringBuilder();
    for (int i = random.nextInt(3); i >= 0; i--) {
      List<Path> files;
      try (Stream<Path> all = Files.walk(folder())) {
        files = all.filter(Files::isRegularFile).sorted().toList();
      }
      List<Path> database =
          files.stream()
              .filter(f -> String.valueOf(f.getFileName()).startsWith("spool.db"))
              .toList();
      List<Path> from = database.isEmpty() || random.nextInt(4) == 0 ? files : database;
      Path file = from.get(random.nextInt(from.size()));
      int size = (int) Files.size(file);
      String name = folder().relativize(file).toString();
      int kind = random.nextInt(6);
      what.append(kind).append(' ').append(name).append("; ");
      switch (kind) {
        case 0 -> Files.delete(file);
        case 1 -> {
          try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(size == 0 ? 0 : random.nextInt(size));
          }
        }
        case 2 -> {
          Path then = early.resolve(name);
          if (Files.exists(then)) {
            Files.copy(then, file, StandardCopyOption.REPLACE_EXISTING);
          } else {
            Files.delete(file);
          }
        }
        case 3 -> garble(file, random, SpoolFormat.PAGE, size);
        default -> {
          for (int n = random.nextInt(20); n >= 0; n--) {
            garble(file, random, 1, size);
          }
        }
      }
    }
    return what.toString();
  }

  private static void garble(Path file, Random random, int length, int size) throws IOException {
    byte[] noise = new byte[length];
    random.nextBytes(noise);
    if (size > length) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        int at = random.nextInt(size - length);
        channel.write(ByteBuffer.wrap(noise), length == 1 ? at : at / length * length);
      }
    }
  }
}

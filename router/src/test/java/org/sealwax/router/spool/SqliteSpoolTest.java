package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.spool.QueueId.QueueIds;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.SqliteFormat;

/** What the embedded store promises, on the real engine. */
@Timeout(600)
final class SqliteSpoolTest {
  @TempDir Path temporary;

  private final BugLog log = new BugLog();

  private Path folder() {
    return temporary.resolve("spool");
  }

  private SqliteSpool open() throws IOException {
    return open(folder(), 0);
  }

  private SqliteSpool open(Path where, long minimumFree) throws IOException {
    return SqliteSpool.open(
        new SpoolSettings(where, minimumFree, 1000),
        Clock.system(),
        RandomSource.secure(),
        log.log,
        () -> {});
  }

  private static byte[] read(Spool spool, QueueId id) throws IOException {
    try (InputStream in = spool.content(id)) {
      return in.readAllBytes();
    }
  }

  private static void remove(Spool spool, QueueId id) throws InterruptedException {
    CountDownLatch done = new CountDownLatch(1);
    spool.change(
        new SpoolChange(List.of(new BatchKey(id, 0)), List.of(), List.of(), List.of(), List.of()),
        gone -> done.countDown());
    done.await();
  }

  @Test
  void acknowledgedMailIsKeptAndReadyAfterARestart() throws Exception {
    byte[] small = SpoolChild.contentOf(1000, 1);
    byte[] limit = new byte[SqliteSpool.INLINE_LIMIT];
    byte[] large = new byte[SqliteSpool.INLINE_LIMIT + 1];
    large[5] = 7;
    List<QueueId> ids = new ArrayList<>();
    try (SqliteSpool spool = open()) {
      for (byte[] content : List.of(small, limit, large)) {
        ids.add(SpoolChild.store(spool, content));
      }
      assertTrue(spool.due(Instant.now(), 10).isEmpty(), "FRESH shares are in hand");
      assertFalse(Files.exists(folder().resolve("bodies/" + ids.get(1))));
      assertTrue(Files.exists(folder().resolve("bodies/" + ids.get(2))));
    }
    try (SqliteSpool spool = open()) {
      assertEquals(3, spool.due(Instant.now(), 10).size());
      assertArrayEquals(small, read(spool, ids.get(0)));
      assertArrayEquals(limit, read(spool, ids.get(1)));
      assertArrayEquals(large, read(spool, ids.get(2)));
    }
    assertEquals(List.of(), log.bugs);
  }

  /** A connection that was left in its transaction locked the database for the next one. */
  @Test
  void anOpeningThatABugEndsLeavesNoLock() throws Exception {
    open().close();
    Clock failing =
        new Clock() {
          @Override
          public Instant now() {
            boolean opens =
                StackWalker.getInstance()
                    .walk(s -> s.anyMatch(f -> f.getMethodName().equals("openOnce")));
            if (opens) {
              throw new IllegalStateException("injected");
            }
            return Clock.system().now();
          }

          @Override
          public long nanoTime() {
            return Clock.system().nanoTime();
          }
        };
    SpoolSettings same = new SpoolSettings(folder(), 0, 1000);
    assertThrows(
        IllegalStateException.class,
        () -> SqliteSpool.open(same, failing, RandomSource.secure(), log.log, () -> {}));
    try (SqliteSpool spool = open()) {
      SpoolChild.store(spool, new byte[10]);
    }
  }

  /**
   * Found by 200 rounds of kill -9: mail for a busy next hop stayed idle for ten minutes after it.
   */
  @Test
  void unplacedMailIsReadyAtRestartAndDeferredMailWaits() throws Exception {
    Instant later = Instant.now().plusSeconds(600);
    QueueId crowded;
    QueueId failed;
    try (SqliteSpool spool = open()) {
      crowded = queued(spool, later, "");
      failed = queued(spool, later, "connect");
      assertTrue(spool.due(Instant.now(), 10).isEmpty());
    }
    try (SqliteSpool spool = open()) {
      List<QueueId> due =
          spool.due(Instant.now().plusSeconds(9), 10).stream().map(d -> d.key().message()).toList();
      assertEquals(List.of(crowded), due);
      assertFalse(due.contains(failed));
    }
  }

  private static QueueId queued(Spool spool, Instant due, String reason) throws Exception {
    try (Draft draft = spool.draft()) {
      draft.content().write(1);
      RecipientBatch batch =
          new RecipientBatch(
              new BatchKey(draft.id(), 0),
              BatchState.QUEUED,
              due,
              "h",
              "s",
              reason,
              new byte[] {1});
      spool.accept(new NewMessage(draft, Instant.now(), new byte[] {1}, List.of(batch)));
      return draft.id();
    }
  }

  @Test
  void findsNewBatchesAfterTheMarkHasMoved() throws Exception {
    QueueId early;
    QueueId late;
    try (SqliteSpool spool = open()) {
      try (Draft opened = spool.draft()) {
        opened.content().write(1);
        spool.noFreshBefore(QueueId.earliestAt(Instant.now().plusSeconds(1)));
        // The mark is written with the next batch; a change makes one.
        remove(spool, SpoolChild.store(spool, new byte[1]));
        remove(spool, SpoolChild.store(spool, new byte[1]));
        early = opened.id();
        RecipientBatch batch =
            new RecipientBatch(
                new BatchKey(early, 0), BatchState.FRESH, null, "h", "s", "", new byte[] {1});
        spool.accept(new NewMessage(opened, Instant.now(), new byte[] {1}, List.of(batch)));
      }
      late = SpoolChild.store(spool, new byte[2]);
    }
    try (SqliteSpool spool = open()) {
      List<QueueId> due =
          spool.due(Instant.now().plusSeconds(9), 10).stream().map(d -> d.key().message()).toList();
      assertTrue(due.contains(early) && due.contains(late), due + " " + early + " " + late);
    }
  }

  @Test
  void closedSpoolTouchesNoFile() throws Exception {
    for (int i = 0; i < 5; i++) {
      SqliteSpool spool = open();
      Draft late = spool.draft();
      List<Thread> reading = new ArrayList<>();
      CountDownLatch begun = new CountDownLatch(4);
      for (int n = 0; n < 4; n++) {
        reading.add(Thread.startVirtualThread(() -> readUntilClosed(spool, begun)));
      }
      begun.await();
      spool.close();
      List<String> left = files();
      for (Thread thread : reading) {
        thread.join();
      }
      assertThrows(
          SpoolException.class, () -> late.content().write(new byte[SqliteSpool.INLINE_LIMIT + 1]));
      assertEquals(List.of("bodies", "lock", "spool.db"), left);
      assertEquals(left, files());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SYNC_NAMES", "BEGIN_SYNCED", "WRITE", "COMMIT", "REMOVE_CONTENTS"})
  void nobodyWaitsForAWriterThatHasEnded(SpoolStep last) throws Exception {
    AtomicBoolean isFailing = new AtomicBoolean();
    Consumer<SpoolStep> after =
        step -> {
          if (step == last && isFailing.get()) {
            throw new AssertionError("injected");
          }
        };
    try (SqliteSpool spool =
        new SqliteSpool(
            new SpoolSettings(folder(), 0, 1000),
            Clock.system(),
            RandomSource.secure(),
            log.log,
            () -> {},
            after)) {
      SpoolChild.store(spool, new byte[10]);
      isFailing.set(true);
      for (int i = 0; i < 2; i++) {
        SpoolException refused =
            assertThrows(SpoolException.class, () -> SpoolChild.store(spool, new byte[10]));
        assertEquals(SpoolException.Kind.BROKEN, refused.kind());
      }
      while (!Supervisor.ended().contains("spool-writer")) {
        Thread.sleep(1); // then the process ends
      }
    }
  }

  private static void readUntilClosed(Spool spool, CountDownLatch begun) {
    try {
      while (true) {
        assertTrue(spool.due(Instant.now(), 10).isEmpty());
        begun.countDown();
      }
    } catch (SpoolException e) {
      assertTrue(String.valueOf(e.getMessage()).contains("closed"), e.getMessage());
    }
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.walk(folder())) {
      return files
          .filter(f -> !f.equals(folder()))
          .map(f -> folder().relativize(f).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void letsOneProcessIn() throws Exception {
    try (SqliteSpool spool = open()) {
      assertNotNull(spool);
      SpoolException e = assertThrows(SpoolException.class, this::open);
      assertTrue(String.valueOf(e.getMessage()).contains("another router"));
    }
  }

  @Test
  void refusesANewerFormatAndAForeignDatabase() throws Exception {
    open().close();
    sql("PRAGMA user_version = 99");
    assertTrue(
        String.valueOf(assertThrows(SpoolException.class, this::open).getMessage())
            .contains("format 99"));
    Files.delete(folder().resolve("spool.db"));
    SqliteFormat other =
        new SqliteFormat("other", 5, List.of(), List.of(), List.of(SqliteFormat.Migration.of()));
    Sqlite.create(folder().resolve("spool.db"), other, 100).close();
    SpoolException foreign = assertThrows(SpoolException.class, this::open);
    assertTrue(String.valueOf(foreign.getMessage()).contains("no spool"));
    assertEquals(SpoolException.Kind.FORMAT, foreign.kind());
  }

  private void sql(String sql) throws Exception {
    try (Connection c = Sqlite.writer(folder().resolve("spool.db"), SpoolFormat.SPOOL, 100);
        Statement s = c.createStatement()) {
      s.execute(sql);
    }
  }

  @Test
  void belowMinimumFreeSpaceRefusesMailAndStillDelivers() throws Exception {
    QueueId id;
    try (SqliteSpool spool = open()) {
      id = SpoolChild.store(spool, new byte[10]);
    }
    try (SqliteSpool spool = open(folder(), Long.MAX_VALUE)) {
      SpoolException e = assertThrows(SpoolException.class, spool::draft);
      assertEquals(SpoolException.Kind.FULL, e.kind());
      assertEquals(10, read(spool, id).length);
      remove(spool, id);
      assertTrue(spool.message(id).isEmpty());
    }
  }

  @Test
  void setsADamagedRecordAsideAndReportsIt() throws Exception {
    QueueId damaged;
    QueueId body;
    QueueId whole;
    try (SqliteSpool spool = open()) {
      damaged = SpoolChild.store(spool, new byte[10]);
      body = SpoolChild.store(spool, new byte[100]);
      whole = SpoolChild.store(spool, new byte[10]);
    }
    sql("UPDATE share SET recipients = x'00' WHERE message = " + damaged.number());
    sql("UPDATE message SET content = zeroblob(99) WHERE id = " + body.number());
    try (SqliteSpool spool = open()) {
      BatchKey key = new BatchKey(damaged, 0);
      SpoolException e = assertThrows(SpoolException.class, () -> spool.batch(key));
      assertEquals(SpoolException.Kind.DAMAGED, e.kind());
      spool.setAside(key, "test");
      assertTrue(spool.batch(key).isEmpty());
      assertTrue(spool.message(damaged).isPresent(), "its content stays");
      assertEquals(
          SpoolException.Kind.DAMAGED,
          assertThrows(SpoolException.class, () -> spool.content(body)).kind());
      assertEquals(10, read(spool, whole).length);
      assertEquals(1, log.bugs.size());
    }
  }

  @Test
  void neverPassesATruncatedFileOffAsWhole() throws Exception {
    try (SqliteSpool spool = open()) {
      QueueId id = SpoolChild.store(spool, new byte[300_000]);
      try (FileChannel file =
          FileChannel.open(folder().resolve("bodies/" + id), StandardOpenOption.WRITE)) {
        file.truncate(299_999);
      }
      try (InputStream in = spool.content(id)) {
        assertThrows(SpoolException.class, in::readAllBytes);
      }
    }
  }

  @Test
  void groupsCommitsOfManyProducersIntoOneSync() throws Exception {
    try (SqliteSpool spool = open()) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        threads.add(
            Thread.ofVirtual()
                .start(
                    () -> {
                      for (int n = 0; n < 50; n++) {
                        try {
                          SpoolChild.store(spool, new byte[2000]);
                        } catch (IOException e) {
                          throw new IllegalStateException(e);
                        }
                      }
                    }));
      }
      for (Thread t : threads) {
        t.join();
      }
      SpoolFigures f = spool.figures();
      assertEquals(1000, f.accepted());
      assertTrue(f.syncs() < 500, "syncs " + f.syncs());
    }
  }

  @Test
  void streamsTwentyFiveMegabytesWithoutHoldingThem() throws Exception {
    byte[] piece = new byte[64 * 1024];
    try (SqliteSpool spool = open();
        Draft draft = spool.draft()) {
      for (int i = 0; i < 400; i++) {
        draft.content().write(piece);
      }
      assertEquals(null, draft.small());
      RecipientBatch batch =
          new RecipientBatch(
              new BatchKey(draft.id(), 0), BatchState.FRESH, null, "h", "s", "", new byte[] {1});
      spool.accept(new NewMessage(draft, Instant.now(), new byte[] {1}, List.of(batch)));
      try (InputStream in = spool.content(draft.id())) {
        in.skipNBytes(400L * piece.length);
        assertEquals(-1, in.read());
      }
    }
  }

  @Test
  void discardsADraftThatWasNotAccepted() throws Exception {
    try (SqliteSpool spool = open()) {
      Path file;
      try (Draft draft = spool.draft()) {
        draft.content().write(new byte[200_000]);
        file = folder().resolve("bodies/" + draft.id() + BodyFiles.RECEIVING);
        assertTrue(Files.exists(file));
      }
      assertFalse(Files.exists(file));
    }
  }

  /** 64 MiB of free pages made every batch fail permanently: nothing was ever given back. */
  @Test
  void freesDiskSpaceAfterABacklog() throws Exception {
    try (SqliteSpool spool = open()) {
      List<QueueId> ids = new ArrayList<>();
      for (int i = 0; i < 600; i++) {
        ids.add(SpoolChild.store(spool, new byte[SqliteSpool.INLINE_LIMIT]));
      }
      for (QueueId id : ids) {
        removeLater(spool, id);
      }
      remove(spool, SpoolChild.store(spool, new byte[1]));
      spool.upkeep.tidy();
      CountDownLatch shrunk = new CountDownLatch(1);
      while (spool.writer.isTidying()) {
        QueueId id = SpoolChild.store(spool, new byte[20_000]);
        assertEquals(20_000, read(spool, id).length);
        remove(spool, id);
        assertFalse(shrunk.await(1, java.util.concurrent.TimeUnit.MILLISECONDS));
      }
      assertEquals(0, spool.figures().failures());
    }
    assertEquals(List.of(), log.bugs);
    long size = Files.size(folder().resolve("spool.db"));
    assertTrue(size < 24L << 20, "the database still has " + size + " bytes");
  }

  private static void removeLater(Spool spool, QueueId id) {
    spool.change(
        new SpoolChange(List.of(new BatchKey(id, 0)), List.of(), List.of(), List.of(), List.of()),
        gone -> {});
  }

  @Test
  void backsUpWhileItRunsAndTheCopyIsAWholeSpool() throws Exception {
    Path copy = temporary.resolve("copy");
    QueueId small;
    QueueId large;
    try (SqliteSpool spool = open()) {
      small = SpoolChild.store(spool, new byte[10]);
      large = SpoolChild.store(spool, new byte[200_000]);
      spool.backup(copy, other -> {});
      assertThrows(IOException.class, () -> spool.backup(copy, other -> {}));
      remove(spool, large);
    }
    try (SqliteSpool restored = open(copy, 0)) {
      assertEquals(10, read(restored, small).length);
      assertEquals(200_000, read(restored, large).length);
      assertEquals(2, restored.due(Instant.now(), 10).size());
    }
  }

  @Test
  void otherFilesOfABackupGoToTheStateFolderUnlessTheyAreThere() throws Exception {
    Path copy = temporary.resolve("copy");
    try (SqliteSpool spool = open()) {
      spool.backup(
          copy,
          into -> {
            assertFalse(Files.exists(into.resolve("spool.db")), "no backup yet");
            Files.writeString(into.resolve("other.db"), "copied");
            Files.writeString(into.resolve("newer.db"), "copied");
          });
      assertThrows(
          IOException.class,
          () ->
              spool.backup(
                  temporary.resolve("failed"),
                  into -> {
                    throw new IOException("no space");
                  }));
    }
    assertThrows(SpoolException.class, () -> Backup.check(temporary.resolve("failed")));
    Path state = temporary.resolve("restored");
    Files.createDirectory(state);
    Files.writeString(state.resolve("newer.db"), "newer");
    SpoolRestore.run(copy, state, state.resolve("spool"), List.of("other.db", "newer.db", "no.db"));
    assertEquals("copied", Files.readString(state.resolve("other.db")));
    assertEquals("newer", Files.readString(state.resolve("newer.db")));
    assertTrue(Files.exists(state.resolve("spool/spool.db")));
    assertFalse(Files.exists(state.resolve("spool/other.db")));
    assertFalse(Files.exists(state.resolve("spool/newer.db")));
    assertFalse(Files.exists(state.resolve("no.db")));
  }

  /** 19 of 215 contents were cut: those still received were copied as if they were whole. */
  @Test
  void aBackupOnAnotherFileSystemHasEveryContentWhole() throws Exception {
    Path elsewhere = Files.createTempDirectory(Path.of("/dev/shm"), "backup");
    try (SqliteSpool spool = open()) {
      List<Draft> receiving = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        Draft draft = spool.draft();
        draft.content().write(new byte[SqliteSpool.INLINE_LIMIT + 70_000]);
        receiving.add(draft);
      }
      for (int i = 0; i < 10; i++) {
        SpoolChild.store(spool, new byte[SqliteSpool.INLINE_LIMIT + i + 1]);
      }
      Path copy = elsewhere.resolve("copy");
      spool.backup(copy, other -> {});
      for (Draft draft : receiving) {
        draft.content().write(new byte[10_000]);
        RecipientBatch batch =
            new RecipientBatch(
                new BatchKey(draft.id(), 0), BatchState.FRESH, null, "h", "s", "", new byte[] {1});
        spool.accept(new NewMessage(draft, Instant.now(), new byte[] {1}, List.of(batch)));
        draft.close();
      }
      Backup.check(copy);
      assertEquals(10, contents(copy));
      try (SqliteSpool restored = open(copy, 0)) {
        for (DueBatch due : restored.due(Instant.now(), 100)) {
          assertTrue(read(restored, due.key().message()).length > SqliteSpool.INLINE_LIMIT);
        }
      }
      spool.backup(elsewhere.resolve("later"), other -> {});
      assertEquals(15, contents(elsewhere.resolve("later")));
    } finally {
      try (Stream<Path> all = Files.walk(elsewhere)) {
        for (Path file : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static int contents(Path copy) throws IOException {
    try (Stream<Path> files = Files.list(copy.resolve("bodies"))) {
      return (int) files.filter(f -> !f.toString().endsWith(BodyFiles.RECEIVING)).count();
    }
  }

  @Test
  void aBackupThatIsNotWholeIsNone() throws Exception {
    Path copy = temporary.resolve("copy");
    QueueId large;
    try (SqliteSpool spool = open()) {
      large = SpoolChild.store(spool, new byte[200_000]);
      SpoolChild.store(spool, new byte[100]);
      spool.backup(copy, other -> {});
    }
    Backup.check(copy);
    Backup.check(folder());
    Path body = copy.resolve("bodies").resolve(large.text());
    Path whole = Files.move(body, temporary.resolve("whole"));
    assertThrows(SpoolException.class, () -> Backup.check(copy));
    Files.write(body, new byte[199_999]);
    assertThrows(SpoolException.class, () -> Backup.check(copy));
    Files.delete(body);
    Files.move(whole, body);
    Backup.check(copy);
    Path database = copy.resolve("spool.db");
    Path kept = Files.copy(database, temporary.resolve("kept.db"));
    try (FileChannel file = FileChannel.open(database, StandardOpenOption.WRITE)) {
      file.truncate(file.size() / 2);
    }
    assertThrows(SpoolException.class, () -> Backup.check(copy));
    Files.write(database, new byte[0]);
    assertThrows(SpoolException.class, () -> Backup.check(copy));
    // As it is while it is made.
    Files.delete(database);
    Files.move(kept, copy.resolve("spool.db.part"));
    assertThrows(SpoolException.class, () -> Backup.check(copy));
  }

  @Test
  void tracesAreBounded() throws Exception {
    SpoolSettings few = new SpoolSettings(folder(), 0, 10);
    try (SqliteSpool spool =
        SqliteSpool.open(few, Clock.system(), RandomSource.secure(), log.log, () -> {})) {
      List<QueueId> ids = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        QueueId id = SpoolChild.store(spool, new byte[10]);
        ids.add(id);
        CountDownLatch done = new CountDownLatch(1);
        StoredTraceEntry entry = new StoredTraceEntry(id, i, Instant.now(), new byte[] {1});
        spool.change(
            new SpoolChange(
                List.of(new BatchKey(id, 0)), List.of(), List.of(), List.of(), List.of(entry)),
            gone -> done.countDown());
        done.await();
      }
      spool.upkeep.tidy();
      while (spool.writer.isTidying()) {
        Thread.onSpinWait();
      }
      assertEquals(0, spool.trace(ids.get(0)).size());
      assertEquals(1, spool.trace(ids.get(29)).size());
    }
  }

  @Test
  void numbersSortAsTheirTextsDo() {
    QueueIds ids = new QueueIds(Clock.system(), RandomSource.seeded(1), 0);
    QueueId before = ids.next();
    for (int i = 0; i < 10_000; i++) {
      QueueId next = ids.next();
      assertTrue(before.compareTo(next) < 0 && before.number() < next.number());
      assertEquals(next, QueueId.of(next.number()));
      before = next;
    }
    assertTrue(QueueId.parse("zzzzzzzzzzz").orElseThrow().numberIfAny().isEmpty());
    assertTrue(QueueId.parse("../../../etc").isEmpty());
  }
}

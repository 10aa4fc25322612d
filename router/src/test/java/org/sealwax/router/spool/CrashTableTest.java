package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.queue.BugLog;

/**
 * The table "Crash states" of docs/spool.md, executed: all work of the spool is done once, the
 * folder is copied right after each step, and a start on the copy finds what the row states. Twice:
 * as a killed process leaves the folder, and as a power failure does, which takes away what was not
 * on stable storage.
 */
@Timeout(600)
final class CrashTableTest {
  private static final Path TABLE = Path.of("docs/spool.md");

  /** After these, and after a commit that waited for the disk, all is on stable storage. */
  private static final Set<SpoolStep> DURABLE =
      EnumSet.of(
          SpoolStep.OPEN,
          SpoolStep.FINISH_LOG,
          SpoolStep.EMPTY_LOG,
          SpoolStep.NAME_FOLDER,
          SpoolStep.MARK_MOVED,
          SpoolStep.PLACE_DATABASE,
          SpoolStep.END_SALVAGE,
          SpoolStep.PLACE_COPY,
          SpoolStep.PLACE_SPOOL);

  /** The last step of each work that ends by itself: what the writer does next is other work. */
  private static final Set<String> LAST =
      Set.of(
          "sync REMOVE_CONTENTS",
          "tidy COMMIT",
          "mistake DIVIDE",
          "fail OPEN",
          "damage OPEN",
          "forget ANSWER");

  /** What follows the mark of a sync: one that became due during other work. */
  private static final Set<SpoolStep> OF_A_SYNC =
      EnumSet.of(SpoolStep.TOUCH, SpoolStep.COMMIT, SpoolStep.REMOVE_CONTENTS);

  private static final int LARGE = SqliteSpool.INLINE_LIMIT + 1;

  /**
   * A row.
   *
   * @param acknowledged whether the mail that the step is about was acknowledged
   * @param killed what a start finds after the process was killed
   * @param power what it finds after a power failure
   */
  private record Row(String acknowledged, String killed, String power) {}

  /**
   * A crash.
   *
   * @param durable the folder when all of it was on stable storage, not later than the step
   * @param subject the message that the step is about
   */
  private record Crash(Path folder, Path durable, String acknowledged, String subject) {}

  @TempDir private Path temporary = Path.of("");
  private final BugLog log = new BugLog();
  private final Map<String, Crash> crashes = new LinkedHashMap<>();
  private final AtomicBoolean answered = new AtomicBoolean();
  private final List<QueueId> bystanders = new ArrayList<>();
  private String work = "";
  private String subject = "";
  private Path durable = Path.of("");
  private boolean synced;
  private int copies;
  private volatile int answers;
  private @Nullable SpoolStep failing;
  private boolean isOtherSync;
  private String begun = "";

  private Path state() {
    return temporary.resolve("state");
  }

  /** Called after each step, in the thread that took it. */
  private synchronized void taken(SpoolStep step) {
    try {
      Path now = temporary.resolve("crash-" + copies++);
      TestFolders.snapshot(state(), now);
      synced = step == SpoolStep.BEGIN_SYNCED || step != SpoolStep.BEGIN && synced;
      if (DURABLE.contains(step) || step == SpoolStep.COMMIT && synced) {
        durable = now;
      }
      String key = work + " " + step;
      if (step == SpoolStep.TOUCH && !work.equals("sync")) {
        isOtherSync = true;
        crashes.remove(begun);
      }
      isOtherSync &= OF_A_SYNC.contains(step);
      if (!work.isEmpty() && !isOtherSync) {
        Crash crash = new Crash(now, durable, answered.get() ? "yes" : "no", subject);
        boolean isFirst = crashes.putIfAbsent(key, crash) == null;
        begun = isFirst && step == SpoolStep.BEGIN_SYNCED ? key : "";
      }
      answers += step == SpoolStep.ANSWER ? 1 : 0;
      if (LAST.contains(key)) {
        work = "";
      } else if (key.equals("deliver ANSWER")) {
        work = "sync";
      }
      if (work.equals("start") && step == SpoolStep.SET_ASIDE) {
        work = "forget";
        subject = subject.split(" ")[2];
      }
      if (step == failing && !isOtherSync) {
        failing = null;
        work = "fail";
        throw CrashTableTest.<RuntimeException>unchecked(new SQLException("injected"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Exception> T unchecked(Exception e) throws T {
    throw (T) e;
  }

  private SqliteSpool open() throws IOException {
    return new SqliteSpool(
        new SpoolSettings(state().resolve("spool"), 0, 1000),
        Clock.system(),
        RandomSource.secure(),
        log.log,
        () -> {},
        this::taken);
  }

  static void awaitSwept(SqliteSpool spool) {
    while (!spool.upkeep.hasSwept()) {
      Thread.onSpinWait();
    }
  }

  /** From here on the steps are those of this work, about this message. */
  private synchronized void begin(String now, String about, boolean isAcknowledged) {
    work = now;
    subject = about;
    answered.set(isAcknowledged);
  }

  private synchronized void end() {
    work = "";
  }

  private synchronized boolean has(String workAndStep) {
    return crashes.containsKey(workAndStep);
  }

  private void await(String workAndStep) throws InterruptedException {
    while (!has(workAndStep)) {
      writes();
      Thread.sleep(5);
    }
    end();
  }

  /** What ended the writer is the failure of this test, not that it waits without end. */
  private void writes() {
    assertEquals(
        List.of(), log.bugs.stream().filter(bug -> bug.startsWith("bug spool writer")).toList());
  }

  private static SpoolChange removal(QueueId id) {
    return new SpoolChange(
        List.of(new BatchKey(id, 0)), List.of(), List.of(), List.of(), List.of());
  }

  private static NewMessage message(Draft draft, int size, BatchState state) throws IOException {
    draft.content().write(SpoolChild.contentOf(size, 1));
    return new NewMessage(draft, Instant.now(), new byte[] {1}, List.of(batch(draft.id(), state)));
  }

  private static RecipientBatch batch(QueueId id, BatchState state) {
    return new RecipientBatch(
        new BatchKey(id, 0),
        state,
        state.isTimed() ? Instant.now() : null,
        "hop.example",
        "",
        "",
        new byte[] {1});
  }

  /** Changes, and waits until it is committed. */
  private void change(SqliteSpool spool, SpoolChange change) throws InterruptedException {
    int before = answers;
    spool.change(change, gone -> {});
    awaitAnswer(before);
  }

  /** The step of the answer comes to an end after the caller has got it. */
  private void awaitAnswer(int before) throws InterruptedException {
    while (answers == before) {
      writes();
      Thread.sleep(1);
    }
  }

  @Test
  void everyStepHasARowAndEveryRowIsTrue() throws Exception {
    Files.createDirectories(state());
    QueueId accepted = mail();
    leftovers(accepted);
    restore();
    Map<String, Row> table = table();
    Set<String> unknown = new TreeSet<>(crashes.keySet());
    unknown.removeAll(table.keySet());
    assertEquals(Set.of(), unknown, "steps without a row in " + TABLE);
    Set<String> untaken = new TreeSet<>(table.keySet());
    untaken.removeAll(crashes.keySet());
    assertEquals(Set.of(), untaken, "rows without a step");
    Set<SpoolStep> without = EnumSet.allOf(SpoolStep.class);
    table.keySet().forEach(key -> without.remove(SpoolStep.valueOf(key.split(" ")[1])));
    assertEquals(Set.of(), without, "steps without a row in " + TABLE);
    Map<String, Row> found = new TreeMap<>();
    for (Map.Entry<String, Crash> each : crashes.entrySet()) {
      Crash crash = each.getValue();
      String power = start(each.getKey(), crash, crash.durable(), null);
      // The names in the folder of contents are perhaps not on the disk.
      assertEquals(
          power, start(each.getKey(), crash, crash.durable(), crash.folder()), each.getKey());
      String killed = start(each.getKey(), crash, crash.folder(), null);
      found.put(each.getKey(), new Row(crash.acknowledged(), killed, power));
    }
    for (String key : table.keySet()) {
      assertEquals(table.get(key), found.get(key), key);
    }
  }

  /** The work of a running spool; returns a message that it has accepted. */
  private QueueId mail() throws Exception {
    QueueId removed;
    QueueId large;
    try (SqliteSpool spool = open()) {
      awaitSwept(spool);
      for (int size : new int[] {1000, LARGE}) {
        bystanders.add(store(spool, size));
      }
      large = accept(spool, "accept", BatchState.FRESH);
      provisional(spool);
      removed = store(spool, LARGE);
      begin("deliver", removed.text(), true);
      change(spool, removal(removed));
      await("sync REMOVE_CONTENTS");
      QueueId undelivered = store(spool, 10);
      try (Draft notice = spool.notificationDraft()) {
        begin("notify", undelivered + " " + notice.id(), true);
        change(
            spool,
            new SpoolChange(
                List.of(new BatchKey(undelivered, 0)),
                List.of(),
                List.of(),
                List.of(message(notice, 10, BatchState.QUEUED)),
                List.of()));
        end();
      }
      begin("tidy", bystanders.getFirst().text(), true);
      spool.writer.tidy(null);
      await("tidy COMMIT");
      begin("log", bystanders.getFirst().text(), true);
      for (int i = 0; !has("log FINISH_LOG"); i++) {
        change(spool, SpoolChange.moves(List.of()));
        crashes.keySet().removeIf(key -> key.startsWith("log ") && !key.endsWith("FINISH_LOG"));
        assertTrue(i < 1000);
      }
      end();
      crashes.keySet().removeIf(key -> key.startsWith("log ") && !key.endsWith("FINISH_LOG"));
      mistake(spool);
      fail(spool);
      begin("damage", bystanders.getLast().text(), true);
      spool.writer.damaged("injected");
      await("damage OPEN");
      begin("backup", "", true);
      spool.backup(state().resolve("copy"), other -> {});
      end();
      begin("end", bystanders.getLast().text(), true);
    }
    end();
    return large;
  }

  private QueueId store(SqliteSpool spool, int size) throws Exception {
    int before = answers;
    QueueId id = SpoolChild.store(spool, SpoolChild.contentOf(size, 1));
    awaitAnswer(before);
    return id;
  }

  /** Mail whose client waits for its delivery: it is delivered or refused, or queued. */
  private void provisional(SqliteSpool spool) throws Exception {
    QueueId settled = accept(spool, "provide", BatchState.PROVISIONAL);
    int before = answers;
    begin("settle", settled.text(), false);
    spool.commit(removal(settled), gone -> assertEquals(Set.of(settled), gone));
    awaitAnswer(before);
    end();
    QueueId queued = accept(spool, "", BatchState.PROVISIONAL);
    before = answers;
    begin("queue", queued.text(), false);
    spool.commitSynced(
        new SpoolChange(
            List.of(), List.of(batch(queued, BatchState.QUEUED)), List.of(), List.of(), List.of()));
    awaitAnswer(before);
    end();
  }

  private QueueId accept(SqliteSpool spool, String as, BatchState state) throws Exception {
    try (Draft draft = spool.draft()) {
      int before = answers;
      begin(as, draft.id().text(), false);
      spool.accept(message(draft, LARGE, state));
      awaitAnswer(before);
      end();
      return draft.id();
    }
  }

  /** A statement that is wrong, in a transaction with another job. */
  private void mistake(SqliteSpool spool) throws Exception {
    begin("mistake", bystanders.getFirst().text(), true);
    WriterJob.Urgent wrong =
        WriterJob.Urgent.call(
            w -> {
              throw new IllegalStateException("injected");
            });
    assertThrows(SpoolException.class, () -> spool.writer.call(wrong));
    await("mistake DIVIDE");
    // Its caller has the failure before the writer has committed what is left of the batch.
    int before = answers;
    spool.writer.call(WriterJob.Urgent.call(w -> {}));
    awaitAnswer(before);
  }

  /** The commit reaches the disk, and the engine states that it failed. */
  private void fail(SqliteSpool spool) throws Exception {
    try (Draft draft = spool.draft()) {
      NewMessage message = message(draft, LARGE, BatchState.FRESH);
      subject = draft.id().text();
      answered.set(false);
      failing = SpoolStep.COMMIT;
      assertThrows(SpoolException.class, () -> spool.accept(message));
    }
    await("fail OPEN");
  }

  /** A start that finds what crashes have left in files. */
  private void leftovers(QueueId accepted) throws Exception {
    Path bodies = state().resolve("spool/bodies");
    QueueId never = QueueId.of(12345);
    QueueId done = QueueId.of(12346);
    QueueId unknown = QueueId.of(12347);
    Files.move(bodies.resolve(accepted.text()), bodies.resolve(accepted + BodyFiles.RECEIVING));
    Files.write(bodies.resolve(never + BodyFiles.RECEIVING), new byte[3]);
    Files.write(bodies.resolve(done.text()), new byte[3]);
    Files.write(bodies.resolve(unknown.text()), new byte[3]);
    try (Connection c = SpoolFormat.open(state().resolve("spool/spool.db"), false, 100);
        Statement s = c.createStatement()) {
      assertEquals(1, s.executeUpdate("INSERT INTO gone VALUES(" + done.number() + ")"));
    }
    begin("start", accepted + " " + never + " " + done + " " + unknown, true);
    try (SqliteSpool spool = open()) {
      awaitSwept(spool);
      await("forget ANSWER");
    }
  }

  private void restore() throws Exception {
    begin("restore", bystanders.getLast().text(), true);
    TestFolders.delete(state().resolve("spool"));
    durable = temporary.resolve("before-restore");
    TestFolders.copy(state(), durable);
    SpoolRestore.run(
        state().resolve("copy"), state(), state().resolve("spool"), List.of(), this::taken);
    end();
  }

  private String start(String key, Crash crash, Path folder, @Nullable Path bodies)
      throws IOException {
    try {
      return started(key, crash, folder, bodies);
    } catch (SpoolException e) {
      return "fails: " + e.getMessage();
    }
  }

  /**
   * What a start finds.
   *
   * @param bodies where the folder of contents is from, or null for the same
   */
  private String started(String key, Crash crash, Path folder, @Nullable Path bodies)
      throws IOException {
    TestFolders.delete(state());
    TestFolders.copy(folder, state());
    Path spool = state().resolve("spool");
    if (bodies != null && Files.exists(spool)) {
      // A rename from one to the other is there as a whole, or not at all.
      for (String name : List.of("bodies", "unclaimed")) {
        TestFolders.delete(spool.resolve(name));
        Path from = bodies.resolve("spool").resolve(name);
        if (Files.exists(from)) {
          TestFolders.copy(from, spool.resolve(name));
        }
      }
    }
    if (key.startsWith("backup ")) {
      assertEquals("queued", found(bystanders.getLast().text(), key), key);
      try {
        Backup.check(state().resolve("copy"));
        return "backup";
      } catch (SpoolException e) {
        return "no backup";
      }
    }
    if (!Files.exists(spool)) {
      return "no spool";
    }
    String[] subjects = crash.subject().split(" ");
    return switch (key) {
      case "start NAME_LEFT" -> found(subjects[0], key);
      case "start REMOVE_PART" -> found(subjects[1], key);
      case "start REMOVE_LEFT" -> found(subjects[2], key);
      case "start SET_ASIDE" -> found(subjects[3], key);
      default -> {
        String first = found(subjects[0], key);
        if (!key.startsWith("notify ")) {
          yield first;
        }
        String notice = found(subjects[1], key);
        yield first.equals("absent") && notice.equals("queued")
            ? "replaced"
            : notice.equals("absent") ? first : "both or none: " + first + ", " + notice;
      }
    };
  }

  /** What a start makes of a message; all other acknowledged mail is there and whole. */
  private String found(String id, String key) throws IOException {
    Path folder = state().resolve("spool");
    try (SqliteSpool spool =
        SqliteSpool.open(
            new SpoolSettings(folder, 0, 1000),
            Clock.system(),
            RandomSource.secure(),
            log.log,
            () -> {})) {
      awaitSwept(spool);
      for (QueueId bystander : bystanders) {
        assertEquals("queued", word(spool, folder, bystander), key + ": " + bystander);
      }
      return word(spool, folder, QueueId.parse(id).orElseThrow());
    }
  }

  static String word(SqliteSpool spool, Path folder, QueueId id) throws IOException {
    Path file = folder.resolve("bodies").resolve(id.text());
    assertFalse(Files.exists(file.resolveSibling(id + BodyFiles.RECEIVING)), "without its name");
    boolean isDue =
        spool.due(Instant.now().plusSeconds(5), 100).stream()
            .anyMatch(due -> due.key().message().equals(id));
    if (isDue) {
      try (InputStream in = spool.content(id)) {
        in.readAllBytes();
      }
      return "queued";
    }
    assertTrue(spool.message(id).isEmpty(), "a message that is not due");
    if (Files.exists(folder.resolve("unclaimed").resolve(id.text()))) {
      return "aside";
    }
    return Files.exists(file) ? "a file without a message" : "absent";
  }

  /** The rows of the document, by work and step. */
  private static Map<String, Row> table() throws IOException {
    Map<String, Row> rows = new TreeMap<>();
    for (String line : Files.readAllLines(TABLE, StandardCharsets.UTF_8)) {
      List<String> cells =
          Arrays.stream(line.split("\\|")).map(String::strip).map(c -> c.replace("`", "")).toList();
      if (cells.size() == 7 && cells.get(2).matches("[A-Z_]+")) {
        rows.put(
            cells.get(1) + " " + cells.get(2), new Row(cells.get(4), cells.get(5), cells.get(6)));
      }
    }
    return rows;
  }
}

package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.queue.BugLog;

/** A disk without any space left, filled by something else: the queue drains. */
@Tag("process")
@Timeout(600)
final class FullDiskTest {
  private static final long FLOOR = 16L << 20;

  @TempDir Path temporary;

  private final BugLog log = new BugLog();
  private Path disk = Path.of("");

  private static boolean works(String... command) throws Exception {
    Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
    p.getInputStream().readAllBytes();
    return p.waitFor() == 0;
  }

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createDirectory(temporary.resolve("disk"));
    assumeTrue(
        works("mount", "-t", "tmpfs", "-o", "size=96m,nr_inodes=2000", "tmpfs", disk.toString()),
        "no tmpfs may be mounted here: not shown");
  }

  @AfterEach
  void unmount() throws Exception {
    works("umount", disk.toString());
  }

  private SqliteSpool open() throws IOException {
    return SqliteSpool.open(
        new SpoolSettings(disk.resolve("spool"), FLOOR, 1000),
        Clock.system(),
        RandomSource.secure(),
        log.log,
        () -> {});
  }

  private Path fill() throws IOException {
    Path filler = disk.resolve("filler");
    for (int piece : new int[] {1 << 20, 4096, 1}) {
      try (OutputStream out =
          Files.newOutputStream(
              filler,
              java.nio.file.StandardOpenOption.CREATE,
              java.nio.file.StandardOpenOption.APPEND)) {
        byte[] bytes = new byte[piece];
        for (int i = 0; i < 5_000; i++) {
          out.write(bytes);
        }
      } catch (IOException e) {
        // Full, up to the size of a piece.
      }
    }
    return filler;
  }

  private static void removeAll(SqliteSpool spool, List<QueueId> ids) throws InterruptedException {
    CountDownLatch done = new CountDownLatch(ids.size());
    for (QueueId id : ids) {
      spool.change(
          new SpoolChange(List.of(new BatchKey(id, 0)), List.of(), List.of(), List.of(), List.of()),
          gone -> done.countDown());
    }
    done.await();
  }

  private static NewMessage notice(SqliteSpool spool) throws IOException {
    Draft draft = spool.notificationDraft();
    draft.content().write(new byte[5_000]);
    RecipientBatch batch =
        new RecipientBatch(
            new BatchKey(draft.id(), 0),
            BatchState.QUEUED,
            Instant.now(),
            "h",
            "",
            "",
            new byte[] {1});
    return new NewMessage(draft, Instant.now(), new byte[] {1}, List.of(batch));
  }

  @Test
  void deliveriesNoticesAndDeletionsGoOn() throws Exception {
    try (SqliteSpool spool = open()) {
      List<QueueId> ids = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        ids.add(SpoolChild.store(spool, new byte[10_000]));
      }
      spool.space.makeReserve();
      Path filler = fill();
      SpoolException e;
      do {
        // Not sooner than the free space was looked at again.
        e = assertThrows(SpoolException.class, () -> SpoolChild.store(spool, new byte[100_000]));
      } while (e.kind() != SpoolException.Kind.FULL);
      removeAll(spool, ids.subList(0, 100));
      CountDownLatch reported = new CountDownLatch(100);
      for (QueueId id : ids.subList(100, 200)) {
        spool.change(
            new SpoolChange(
                List.of(new BatchKey(id, 0)),
                List.of(),
                List.of(),
                List.of(notice(spool)),
                List.of()),
            gone -> reported.countDown());
      }
      reported.await();
      assertEquals(100, spool.due(Instant.now(), 1_000).size(), "the notices");
      assertFalse(Files.exists(disk.resolve("spool/reserve")));
      assertThrows(SpoolException.class, spool::draft);
      Files.delete(filler);
      spool.space.makeReserve();
      assertTrue(Files.exists(disk.resolve("spool/reserve")));
      while (spool.failure() != null) {
        Thread.sleep(10);
      }
      SpoolChild.store(spool, new byte[100_000]);
    }
  }

  @Test
  void aStartOnAFullDiskDrainsToo() throws Exception {
    List<QueueId> ids = new ArrayList<>();
    try (SqliteSpool spool = open()) {
      for (int i = 0; i < 100; i++) {
        ids.add(SpoolChild.store(spool, new byte[10_000]));
      }
      spool.space.makeReserve();
    }
    Path filler = fill();
    try (SqliteSpool spool = open()) {
      removeAll(spool, ids);
      assertTrue(spool.due(Instant.now(), 10).isEmpty());
    }
    // With the reserve gone as well, the start ends as trouble that passes.
    fill();
    SpoolException e = assertThrows(SpoolException.class, this::open);
    assertEquals(SpoolException.Kind.FULL, e.kind(), String.valueOf(e.getMessage()));
    Files.delete(filler);
    open().close();
  }

  /** A disk can also be full of files: there is space, and no file can be made. */
  @Test
  void aDiskWithoutPlaceForAnotherFileDrainsToo() throws Exception {
    List<QueueId> ids = new ArrayList<>();
    List<Path> fillers;
    try (SqliteSpool spool = open()) {
      spool.space.makeReserve();
      for (int i = 0; i < 50; i++) {
        ids.add(SpoolChild.store(spool, new byte[i % 2 == 0 ? 10_000 : 200_000]));
      }
      fillers = fillWithFiles();
      SpoolException e =
          assertThrows(SpoolException.class, () -> SpoolChild.store(spool, new byte[200_000]));
      assertEquals(SpoolException.Kind.FULL, e.kind(), String.valueOf(e.getMessage()));
      SpoolChild.store(spool, new byte[1000]);
      removeAll(spool, ids.subList(0, 30));
    }
    fillers.addAll(fillWithFiles());
    try (SqliteSpool spool = open()) {
      assertEquals(21, spool.due(Instant.now(), 100).size());
      removeAll(spool, ids.subList(30, 50));
    }
    for (Path filler : fillers) {
      Files.delete(filler);
    }
    open().close();
  }

  private List<Path> fillWithFiles() {
    List<Path> made = new ArrayList<>();
    try {
      while (true) {
        made.add(Files.createTempFile(disk, "filler", ""));
      }
    } catch (IOException e) {
      return made;
    }
  }
}

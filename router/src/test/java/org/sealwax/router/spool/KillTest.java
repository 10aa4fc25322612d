package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.queue.BugLog;

/** A process that is killed, or whose disk fails, loses nothing that it acknowledged. */
@Tag("process")
@Tag("long")
@Timeout(600)
final class KillTest {
  private static final int SIZE = 9000;

  @TempDir Path temporary;

  private final BugLog log = new BugLog();

  private Process child(List<String> before, Path folder, long minimumFree, int count)
      throws IOException {
    List<String> command = new ArrayList<>(before);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            SpoolChild.class.getName(),
            folder.toString(),
            "8",
            Integer.toString(SIZE),
            Long.toString(minimumFree),
            Integer.toString(count)));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static final class ChildOutput {
    final Set<QueueId> stored = new HashSet<>();
    final Set<QueueId> meantToGo = new HashSet<>();
    final Set<QueueId> removed = new HashSet<>();
    final List<String> refused = new ArrayList<>();

    void line(String line) {
      switch (line.charAt(0)) {
        case '+' -> QueueId.parse(line.substring(1)).ifPresent(stored::add);
        case '~' -> QueueId.parse(line.substring(1)).ifPresent(meantToGo::add);
        case '-' -> QueueId.parse(line.substring(1)).ifPresent(removed::add);
        case '!' -> refused.add(line.substring(1));
        default -> {}
      }
    }
  }

  /** Everything acknowledged is here, but for what was removed; and all of it is whole. */
  private void check(Path folder, ChildOutput output) throws IOException {
    try (SqliteSpool spool =
        SqliteSpool.open(
            new SpoolSettings(folder, 0, 1000),
            Clock.system(),
            RandomSource.secure(),
            log.log,
            () -> {})) {
      spool.upkeep.sweep();
      Set<QueueId> here = new HashSet<>();
      for (DueBatch due : spool.due(java.time.Instant.now().plusSeconds(5), 1_000_000)) {
        here.add(due.key().message());
        try (InputStream in = spool.content(due.key().message())) {
          in.readAllBytes();
        }
      }
      for (QueueId id : output.stored) {
        assertTrue(
            here.contains(id) || output.meantToGo.contains(id),
            id + " was acknowledged and is lost");
      }
      for (QueueId id : output.removed) {
        assertTrue(!here.contains(id), id + " came back after a killed process");
      }
    }
  }

  private void rounds(int rounds) throws Exception {
    Path folder = temporary.resolve("spool");
    ChildOutput all = new ChildOutput();
    for (int round = 0; round < rounds; round++) {
      Process process = child(List.of(), folder, 0, 1_000_000);
      int until = 50 + round * 37 % 400;
      try (BufferedReader in =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
        String line;
        int lines = 0;
        while ((line = in.readLine()) != null) {
          all.line(line);
          if (++lines == until) {
            process.toHandle().destroyForcibly();
          }
        }
      }
      assertTrue(process.waitFor(20, TimeUnit.SECONDS));
      check(folder, all);
    }
    assertTrue(all.stored.size() > 50 * rounds / 2, "stored " + all.stored.size());
  }

  @Test
  void losesNothingWhenItIsKilledAFewTimes() throws Exception {
    rounds(4);
    assertEquals(List.of(), log.bugs);
  }

  @Test
  @Tag("slow")
  void losesNothingWhenItIsKilledTwoHundredTimes() throws Exception {
    rounds(200);
    assertEquals(List.of(), log.bugs);
  }

  private ChildOutput listen(Process process) throws Exception {
    ChildOutput output = new ChildOutput();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
      String line;
      while ((line = in.readLine()) != null) {
        output.line(line);
      }
    }
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    return output;
  }

  private static boolean works(String... command) {
    try {
      Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
      p.getInputStream().readAllBytes();
      return p.waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Test
  void refusesMailAfterAFailedSyncAndGoesOnAfterwards() throws Exception {
    assumeTrue(works("strace", "-o", "/dev/null", "true"), "strace may not trace here: not shown");
    Path folder = temporary.resolve("spool");
    Process process =
        child(
            List.of(
                "strace",
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=fdatasync,fsync",
                "-e",
                "inject=fdatasync:error=EIO:when=20+40"),
            folder,
            0,
            400);
    ChildOutput output = listen(process);
    assertTrue(output.refused.contains("BROKEN"), "no sync failed: " + output.refused.size());
    assertTrue(output.stored.size() > 20, "stored " + output.stored.size());
    check(folder, output);
  }

  @Test
  void refusesMailOnAFullDiskAndKeepsStoredMail() throws Exception {
    Path disk = Files.createDirectory(temporary.resolve("disk"));
    assumeTrue(
        works("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString()),
        "no tmpfs may be mounted here: not shown");
    try {
      Path folder = disk.resolve("spool");
      Process process = child(List.of(), folder, 0, 400);
      ChildOutput output = listen(process);
      assertTrue(output.refused.contains("FULL"), "refused " + output.refused);
      assertTrue(output.stored.size() > 20, "stored " + output.stored.size());
      // Space again: what was acknowledged is there.
      assertTrue(works("mount", "-o", "remount,size=64m", disk.toString()));
      check(folder, output);
    } finally {
      assertTrue(works("umount", disk.toString()));
    }
  }
}

package org.sealwax.router.policyd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.net.UnusualFile;
import org.sealwax.router.log.RecordingMailLog;

/** Follows a log over everything that logs go through. */
final class LogTailTest {
  @TempDir private Path folder = Path.of("");
  private final List<String> lines = new ArrayList<>();
  private final RecordingMailLog log = new RecordingMailLog();

  private static void append(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private List<String> taken() {
    List<String> taken = List.copyOf(lines);
    lines.clear();
    return taken;
  }

  @Test
  void beginsAtTheEndAndFollowsOverRotationAndTruncation() throws IOException {
    Path file = folder.resolve("mail.log");
    append(file, "old\n");
    try (LogTail tail = new LogTail(file, lines::add, log.log())) {
      tail.readNew();
      assertEquals(List.of(), taken());
      append(file, "one\ntw");
      tail.readNew();
      assertEquals(List.of("one"), taken());
      append(file, "o\n");
      tail.readNew();
      assertEquals(List.of("two"), taken());
      // Rotated: the last lines of the old file, then all of the new one.
      append(file, "three\n");
      Files.move(file, folder.resolve("mail.log.1"));
      append(file, "four\n");
      tail.readNew();
      assertEquals(List.of("three", "four"), taken());
      // Cut to nothing and written again.
      Files.writeString(file, "5\n");
      tail.readNew();
      assertEquals(List.of("5"), taken());
    }
  }

  @Test
  void missingFileIsReportedOnceAndReadFromItsStart() throws IOException {
    Path file = folder.resolve("mail.log");
    try (LogTail tail = new LogTail(file, lines::add, log.log())) {
      tail.readNew();
      tail.readNew();
      assertEquals(1, log.facts().size());
      append(file, "one\n");
      tail.readNew();
      assertEquals(List.of("one"), taken());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = UnusualFile.class,
      names = {"FIFO", "ENDLESS_DEVICE", "FOLDER"})
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void whatIsNoFileIsReportedAndNotRead(UnusualFile kind) throws Exception {
    Path file = folder.resolve("mail.log");
    kind.put(file);
    try (LogTail tail = new LogTail(file, lines::add, log.log())) {
      tail.readNew();
      assertTrue(log.recorded("warning", kind.error(file)));
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void overlongLinesArePassedOver() throws IOException {
    Path file = folder.resolve("mail.log");
    append(file, "");
    try (LogTail tail = new LogTail(file, lines::add, log.log())) {
      tail.readNew();
      String longest = "x".repeat(PostfixLogLine.MAX_LENGTH);
      append(file, longest + "\n" + longest + "y\nshort\n");
      tail.readNew();
      assertEquals(List.of(longest, "short"), taken());
      assertTrue(log.facts().isEmpty());
    }
  }
}

package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.router.dialogue.DialogueFile;
import org.sealwax.router.dialogue.DialoguePlayer;
import org.sealwax.testkit.net.MemoryWire;

/** Our server in the conversations under {@code router/src/test/resources/dialogue/server}. */
final class DialogueFilesTest {
  static Stream<Path> files() throws IOException {
    List<Path> files = DialogueFile.under("server");
    assertTrue(files.size() >= 40, "only " + files.size() + " dialogues");
    return files.stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void ourServerTalksAsWritten(Path path) throws IOException, InterruptedException {
    DialogueFile file = DialogueFile.read(path);
    SessionHarness server = new SessionHarness();
    for (String option : file.options()) {
      server.option(option);
    }
    MemoryWire client = server.start();
    DialoguePlayer player =
        new DialoguePlayer(
            file,
            client,
            server.serverEnd(),
            new DialoguePlayer.DialogueEvents() {
              @Override
              public void later(Duration passed) {
                server.clock.pass(passed);
              }

              @Override
              public void shutdown() {
                server.endSoon();
              }
            });
    try {
      player.playClient();
    } finally {
      server.finish();
    }
    assertFalse(server.log.has("bug"), () -> "a bug: " + server.log.lines());
    for (String secret : List.of("AGpvZQBzZWNyZXQ=", "c2VjcmV0")) {
      assertTrue(server.log.lines().stream().noneMatch(l -> l.contains(secret)), "a password");
    }
    assertEquals(0, server.intake.openEntries(), "entries were left open");
    assertEquals(0, server.memory.taken(), "memory of the session was not given back");
    checkQueue(file, server.intake.kept());
  }

  private static void checkQueue(DialogueFile file, List<MemoryIntake.IntakeMessage> kept) {
    List<String> expected = new ArrayList<>();
    int message = -1;
    for (String line : file.queued()) {
      if (line.startsWith("Q:")) {
        message++;
        expected.add(line);
        continue;
      }
      String content = kept.get(message).content();
      String wanted = line.substring(3);
      if (line.startsWith("E:")) {
        String first = content.split("\r\n\r\n", 2)[1].split("\r\n", 2)[0];
        assertTrue(DialogueFile.matches(wanted, first), () -> file.path() + ": " + content);
        continue;
      }
      assertTrue(
          Arrays.stream(content.split("\r\n")).anyMatch(l -> DialogueFile.matches(wanted, l)),
          () -> file.path() + ": no line " + wanted + " in\n" + content);
    }
    assertEquals(expected, kept.stream().map(MemoryIntake.IntakeMessage::line).toList());
  }
}

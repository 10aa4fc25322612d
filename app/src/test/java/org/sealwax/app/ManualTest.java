package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.router.queue.HeldMailSummary;

/** {@code sealwax(1)} is that of this command line; {@code SEALWAX_WRITE=1} writes it. */
final class ManualTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void theManualPageMatchesTheCommandLine() throws IOException {
    String manual = ManualPage.of(new CommandLineRun(folder).commands());
    Path page = Path.of("docs/man/sealwax.1");
    if (System.getenv("SEALWAX_WRITE") != null) {
      Files.writeString(page, manual);
    }
    assertEquals(manual, Files.readString(page), "SEALWAX_WRITE=1 mvn test -Dtest=ManualTest");
  }

  @Test
  void theCommandsNamedInNotificationsExist() throws Arguments.UsageError {
    Command commands = new CommandLineRun(folder).commands();
    for (String line : HeldMailSummary.COMMANDS) {
      List<String> words = List.of(line.split(" "));
      assertEquals("sealwax", words.getFirst());
      commands.read(words.subList(1, words.size()));
      assertEquals("queue", words.get(1), line);
      commands.find(words.subList(1, 3));
    }
  }
}

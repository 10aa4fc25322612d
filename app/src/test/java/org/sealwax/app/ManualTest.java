package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.router.queue.HeldMail;

/** {@code sealwax(1)} is that of this command line; {@code SEALWAX_WRITE=1} writes it. */
final class ManualTest {
  @Test
  void theManualPageMatchesTheCommandLine() throws IOException {
    Path page = Path.of("docs/man/sealwax.1");
    if (System.getenv("SEALWAX_WRITE") != null) {
      Files.writeString(page, HelpText.manual());
    }
    assertEquals(
        HelpText.manual(), Files.readString(page), "SEALWAX_WRITE=1 mvn test -Dtest=ManualTest");
  }

  @Test
  void theCommandsNamedInNotificationsExist() throws Arguments.UsageError {
    for (String line : HeldMail.COMMANDS) {
      List<String> words = List.of(line.split(" "));
      assertEquals("sealwax", words.getFirst());
      Subcommand command =
          Subcommands.all().stream()
              .filter(c -> c.name().equals(words.get(1)))
              .findFirst()
              .orElseThrow();
      Arguments read = Arguments.read(command, words.subList(2, words.size()));
      assertTrue(command.operands().contains(read.operands().getFirst() + " "), line);
    }
  }
}

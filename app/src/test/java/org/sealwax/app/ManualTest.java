package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.Usage;
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

  /** In help and in the manual alike, which are made from the same declaration. */
  @Test
  void everyCommandHasADescriptionAndExamples() {
    List<String> without =
        new CommandLineRun(folder)
            .commands()
            .all()
            .map(Command::usage)
            .filter(Usage::shown)
            .filter(usage -> usage.text().isEmpty() || usage.examples().isEmpty())
            .map(Usage::path)
            .toList();
    assertEquals(List.of(), without);
  }

  @Test
  void everyManualPagePassesTheLinter() throws Exception {
    Path mandoc = Path.of("/usr/bin/mandoc");
    Assumptions.assumeTrue(Files.isExecutable(mandoc), "mandoc is not installed");
    try (Stream<Path> pages = Files.list(Path.of("docs/man"))) {
      List<String> command = new ArrayList<>(List.of(mandoc.toString(), "-Tlint", "-Wwarning"));
      pages.map(Path::toString).sorted().forEach(command::add);
      assertTrue(command.size() > 5, command.toString());
      Process lint = new ProcessBuilder(command).redirectErrorStream(true).start();
      String found = new String(lint.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, lint.waitFor(), found);
    }
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

package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.Usage;

/** Documents, units of systemd and messages show only commands, verbs and options that exist. */
final class CommandNamesTest {
  private static final List<Path> PLACES =
      List.of(
          Path.of("README.md"),
          Path.of("ARCHITECTURE.md"),
          Path.of("SECURITY.md"),
          Path.of("CHANGELOG.md"),
          Path.of("docs"),
          Path.of("dist"),
          Path.of("scenarios"),
          Path.of("bench"));

  /** In backticks, or as a line of its own, in an example or in a unit. */
  private static final List<Pattern> SHOWN =
      List.of(
          Pattern.compile("`(?:\\./)?sealwax ([^`\\n]+)`"),
          Pattern.compile("(?m)^ *(?:\\$ |# )?(?:\\./)?sealwax ([^\\n]+)$"),
          Pattern.compile("(?m)^Exec\\w+=\\S*/sealwax ([^\\n]+)$"));

  private static final Pattern SPACE = Pattern.compile("\\s+");

  @TempDir private static Path folder = Path.of("");

  /** What is wrong with a command line without its first word. */
  private static Optional<String> wrong(String line) {
    List<String> words = List.of(SPACE.split(line.split(" {2,}|[|#;>&<]")[0].strip()));
    if (Set.of("--help", "--version").contains(words.getFirst())) {
      return Optional.empty();
    }
    Command command = new CommandLineRun(folder).commands();
    try {
      for (String word : words) {
        boolean group = command.usage().operands().contains("COMMAND");
        boolean names = command.commands().stream().anyMatch(c -> c.usage().name().equals(word));
        if (word.matches("[a-z]+") && !command.commands().isEmpty() && (names || group)) {
          command = command.find(List.of(word));
        }
      }
    } catch (Arguments.UsageError e) {
      return Optional.of("" + e.getMessage());
    }
    List<String> known =
        Stream.concat(Stream.of(command), command.commands().stream())
            .map(Command::usage)
            .flatMap(u -> Stream.concat(Usage.COMMON.stream(), u.options().stream()))
            .map(Usage.Option::name)
            .toList();
    for (String word : words) {
      String option = word.split("=")[0];
      if (option.matches("--[a-z][a-z-]*") && !known.contains(option)) {
        return Optional.of(command.usage().path() + " has no " + option);
      }
    }
    return Optional.empty();
  }

  @Test
  void documentsShowOnlyWhatExists() throws IOException {
    Set<String> wrong = new TreeSet<>();
    int shown = 0;
    for (Path place : PLACES) {
      try (Stream<Path> all = Files.walk(place)) {
        for (Path file :
            all.filter(f -> f.toString().matches(".*\\.(md|service|timer|sample)")).toList()) {
          String text = Files.readString(file);
          for (Pattern pattern : SHOWN) {
            for (MatchResult m : pattern.matcher(text).results().toList()) {
              shown++;
              wrong(m.group(1)).ifPresent(why -> wrong.add(file + ": " + m.group() + ": " + why));
            }
          }
        }
      }
    }
    assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    assertTrue(shown > 60, "only " + shown + " were found");
  }

  @Test
  void whatDoesNotExistIsFound() {
    assertTrue(wrong("queue backup FOLDER").isPresent());
    assertTrue(wrong("quue list").isPresent());
    assertTrue(wrong("assess example.org --no-such-option").isPresent());
    assertTrue(wrong("queue list --reason=greylisted --json").isEmpty());
  }
}

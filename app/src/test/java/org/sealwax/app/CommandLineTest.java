package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.Usage;

/** What holds of all commands: none of these lines runs one. */
final class CommandLineTest {
  @TempDir private Path folder = Path.of("");

  /** All commands, those within groups included, as the words that name them. */
  static Stream<List<String>> commands() {
    return new CommandLineRun(Path.of("/nowhere"))
        .commands()
        .all()
        .map(c -> List.of(c.usage().path().split(" ")))
        .map(words -> words.subList(1, words.size()));
  }

  /** Those that have options and operands: no groups, and not sendmail. */
  static Stream<List<String>> parsed() {
    return commands()
        .filter(words -> !words.isEmpty())
        .filter(words -> !raw(words))
        .filter(words -> !isGroup(find(words)));
  }

  /** Whether it needs the name of a command in it; others may have operands as well. */
  private static boolean isGroup(Command command) {
    return command.usage().operands().contains("COMMAND");
  }

  private static boolean raw(List<String> words) {
    return words.equals(List.of("sendmail"));
  }

  private static Command find(List<String> words) {
    try {
      return new CommandLineRun(Path.of("/nowhere")).commands().find(words);
    } catch (Arguments.UsageError e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> with(List<String> words, String... more) {
    List<String> all = new ArrayList<>(words);
    all.addAll(List.of(more));
    return all;
  }

  /** As many operands as the command may have; empty where there is no limit. */
  private static List<String> operands(Usage usage) {
    List<String> all = new ArrayList<>();
    for (String word : usage.operands().replaceAll(" \\| \\S+", "").split(" ")) {
      all.add(word.replaceAll("[^A-Z]", ""));
    }
    all.removeIf(String::isEmpty);
    return all;
  }

  private void refused(List<String> words, String... parts) {
    CommandLineRun line = new CommandLineRun(folder);
    assertEquals(ExitStatus.USAGE, line.run(words), () -> words + " " + line.err());
    assertEquals("", line.out());
    for (String part : parts) {
      assertTrue(line.err().contains(part), () -> part + " is missing: " + line.err());
    }
    assertTrue(line.err().contains("\nhelp: sealwax"), line.err());
  }

  @ParameterizedTest
  @MethodSource("parsed")
  void aStrayArgumentIsRefusedWithWhatIsExpected(List<String> words) {
    Usage usage = find(words).usage();
    List<String> all = with(words, operands(usage).toArray(String[]::new));
    if (!usage.operands().contains("...")) {
      String expected = usage.operands().isEmpty() ? "no argument" : usage.operands();
      refused(with(all, "stray"), usage.path() + " takes " + expected, "\"stray\"");
      refused(with(all, "--", "--stray"), usage.path() + " takes " + expected, "\"--stray\"");
    }
    if (!usage.operands().isEmpty() && !usage.operands().startsWith("[")) {
      refused(words, usage.path() + " needs " + usage.operands());
    }
  }

  @ParameterizedTest
  @MethodSource("commands")
  void anUnknownCommandOrOptionIsRefused(List<String> words) {
    if (raw(words)) {
      refused(with(words, "--bogus"), "sendmail has no option");
      return;
    }
    refused(with(words, "--bogus"), "has no option --bogus");
    refused(with(words, "--bogus=1"), "has no option --bogus");
    refused(with(words, "-x"), "has no option -x");
    if (isGroup(find(words))) {
      refused(with(words, "stray"), "no command \"stray\"; its commands: ");
    }
  }

  @ParameterizedTest
  @MethodSource("parsed")
  void anOptionIsGivenOnceAndWithItsValue(List<String> words) {
    List<Usage.Option> options = new ArrayList<>(find(words).usage().options());
    options.add(Usage.COMMON.getFirst());
    for (Usage.Option option : options) {
      String name = option.name();
      if (option.argument() == null) {
        refused(with(words, name + "=1"), name + " takes no value");
        refused(with(words, name, name), name + " is given twice");
      } else {
        refused(with(words, name), name + " needs " + option.argument());
        refused(with(words, name, "--config", "x"), name + " needs " + option.argument());
        refused(with(words, name, "x", name + "=x"), name + " is given twice");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("commands")
  void helpIsPrintedWhereverItIsAskedFor(List<String> words) {
    CommandLineRun line = new CommandLineRun(folder);
    assertEquals(
        ExitStatus.OK, line.run(with(with(List.of("help"), words.toArray(String[]::new)))));
    String help = line.out();
    assertTrue(help.startsWith("usage: sealwax"), help);
    assertTrue(help.contains("--config FILE"), help);
    for (String asked : List.of("-h", "--help")) {
      for (int i = 0; i <= words.size(); i++) {
        List<String> all = new ArrayList<>(words);
        all.add(i, asked);
        assertEquals(ExitStatus.OK, line.run(all), () -> all + " " + line.err());
        assertEquals(help, line.out(), all::toString);
      }
      if (!raw(words)) {
        // Also next to what would be refused.
        for (List<String> more :
            List.of(List.of("--bogus"), List.of("--config"), List.of("--config", "x"))) {
          List<String> all = with(with(words, more.toArray(String[]::new)), asked);
          assertEquals(ExitStatus.OK, line.run(all), () -> all + " " + line.err());
          assertEquals(help, line.out(), all::toString);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("parsed")
  void theConfigurationIsNamedBeforeOrAfterTheCommand(List<String> words)
      throws Arguments.UsageError {
    Command commands = new CommandLineRun(folder).commands();
    List<String> operands = operands(find(words).usage());
    List<String> line = with(words, operands.toArray(String[]::new));
    for (int i = 0; i <= line.size(); i++) {
      List<String> all = new ArrayList<>(line);
      all.addAll(i, List.of("--config", "x.toml"));
      Arguments read = commands.read(all);
      assertEquals("x.toml", read.value("--config").orElse(""), all::toString);
      assertEquals(operands, read.operands());
    }
    refused(
        with(List.of("--config", "a"), with(line, "--config=b").toArray(String[]::new)), "twice");
  }

  @Test
  void sendmailTakesTheConfigurationFromBothSides() throws IOException {
    CommandLineRun line = new CommandLineRun(folder);
    for (List<String> words :
        List.of(
            List.of("--config", "gone.toml", "sendmail", "-bp"),
            List.of("sendmail", "-bp", "--config", "gone.toml"),
            List.of("sendmail", "-bp", "-C", "gone.toml"))) {
      assertEquals(ExitStatus.TRY_AGAIN, line.run(words));
      assertTrue(line.err().contains("gone.toml"), line.err());
    }
  }

  /**
   * Alone, -h asks for help. With other words it is the hop count of Sendmail, which Postfix's
   * sendmail(1) takes and ignores: a program that gives it must not lose its mail to a help page.
   */
  @Test
  void sendmailHasHelpAndTheHopCountOfPostfix() throws IOException {
    CommandLineRun line = new CommandLineRun(folder);
    for (String help : List.of("-h", "--help")) {
      assertEquals(ExitStatus.OK, line.run(List.of("sendmail", help)));
      assertTrue(line.out().startsWith("usage: sealwax sendmail "), line.out());
    }
    refused(List.of("sendmail", "-t", "-h"), "-h needs an argument");
    refused(List.of("sendmail", "-t", "--help"), "sendmail has no option --");
    assertEquals(ExitStatus.TRY_AGAIN, line.run(List.of("sendmail", "-h", "5", "joe@a.example")));
    assertTrue(line.err().contains("no server is running"), line.err());
  }

  /** Where the width is not known, 80 columns. */
  @ParameterizedTest
  @ValueSource(ints = {0, 40, 60, 80, 132})
  void helpFitsTheTerminal(int columns) {
    CommandLineRun line = new CommandLineRun(folder, columns);
    commands()
        .forEach(
            words -> {
              assertEquals(ExitStatus.OK, line.run(with(words, "-h")));
              line.out()
                  .lines()
                  .filter(l -> !l.startsWith("  sealwax "))
                  .forEach(
                      l ->
                          assertTrue(
                              l.length() <= (columns == 0 ? 80 : columns), () -> words + ": " + l));
            });
  }

  /** A word that is not a command there, and one that is not an option. */
  @Test
  void helpIsNotMisledByValues() {
    CommandLineRun line = new CommandLineRun(folder);
    for (String words :
        List.of(
            "queue list --sender sendmail --json -h",
            "queue list --sender sendmail -h x y",
            "queue -h list --bogus")) {
      assertEquals(ExitStatus.OK, line.run(List.of(words.split(" "))));
      assertTrue(line.out().startsWith("usage: sealwax queue list"), line.out());
    }
    refused(List.of("check", "--", "-h"), "\"-h\"");
    refused(List.of("check", "mx.toml"), "--config FILE names the configuration file");
    refused(List.of("sendmail", "-hx", "-y"), "sendmail has no option -y");
  }

  /** A name of a command within it is not an operand, except after the end of the options. */
  @Test
  void aCommandWithOperandsMayHaveCommands() throws Arguments.UsageError {
    Command commands = new CommandLineRun(folder).commands();
    Arguments domain = commands.read(List.of("assess", "example.org", "--quick"));
    assertEquals(List.of("example.org"), domain.operands());
    Arguments service = commands.read(List.of("assess", "--quick", "serve", "--scans", "2"));
    assertEquals(List.of(), service.operands());
    assertEquals(Optional.of("2"), service.value("--scans"));
    assertEquals(List.of("serve"), commands.read(List.of("assess", "--", "serve")).operands());
    refused(List.of("assess", "example.org", "serve"), "is not expected");
    refused(List.of("assess", "example.org", "--scans", "2"), "has no option --scans");
  }

  @Test
  void everyExampleIsRead() throws Arguments.UsageError {
    Command commands = new CommandLineRun(folder).commands();
    List<Usage> all = commands.all().map(Command::usage).toList();
    long shown = 0;
    for (Usage usage : all) {
      for (String example : usage.examples()) {
        shown++;
        String words = example.split(" (<|>|>>|[|]) ")[0].replaceAll("'[^']*'", "x");
        assertTrue((words + " ").startsWith(usage.path() + " "), example);
        commands.read(List.of(words.split(" ")).subList(1, words.split(" ").length));
      }
    }
    assertTrue(shown > 20, "only " + shown);
  }

  /** A control command reads where the server is, and neither the rest nor the key. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[identity]\ncertificate = \"gone.pem\"\nkey = \"gone.key\"\n",
        "[limits]\nmesage_size = \"1MB\"\n",
        "[[policy]]\ndomain = 7\n"
      })
  void controlCommandsNeedTheStateFolderOnly(String rest) throws IOException {
    Files.writeString(folder.resolve("sealwax.toml"), "[server]\nstate = \"elsewhere\"\n" + rest);
    CommandLineRun line = new CommandLineRun(folder);
    for (String words :
        List.of(
            "queue",
            "queue count",
            "queue hold --all",
            "trace ID",
            "policy",
            "policy show example.org",
            "reload",
            "backup copy",
            "explain --message ID")) {
      List<String> all = with(List.of(words.split(" ")), "--config", "sealwax.toml");
      assertEquals(ExitStatus.UNAVAILABLE, line.run(all), line.err());
      assertTrue(
          line.err().startsWith("sealwax: no server is running on " + folder.resolve("elsewhere")),
          line.err());
      assertFalse(line.err().contains("error"), line.err());
    }
  }

  /** Its settings of the state folder must be valid: another one may be that of a server, too. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[server]\nstate = 7\n",
        "[server]\nstate = \"elsewhere\"\nhostname = \"-\"\n",
        "[server]\nstate = \"elsewhere\"\n[broken\n",
        "[broken\n[server]\nstate = \"elsewhere\"\n",
        "[server]\nstate = \"else\n"
      })
  void anUncertainStateFolderIsAnError(String text) throws IOException {
    Files.writeString(folder.resolve("sealwax.toml"), text);
    CommandLineRun line = new CommandLineRun(folder);
    assertEquals(ExitStatus.CONFIGURATION, line.run(List.of("queue", "--config", "sealwax.toml")));
    assertTrue(
        line.err().contains("the configuration has errors, so the state folder is not known"),
        line.err());
  }

  @Test
  void aStateFolderWithAQuestionMarkIsReportedAtItsLine() throws IOException {
    Files.writeString(
        folder.resolve("sealwax.toml"),
        "[server]\nhostname = \"mx.example.org\"\nstate = \"a?b\"\n");
    CommandLineRun line = new CommandLineRun(folder);
    assertEquals(
        ExitStatus.ERRORS, line.run(List.of("check", "--offline", "--config", "sealwax.toml")));
    for (String part :
        List.of("sealwax.toml:3:9: error: ", "contain a question mark", "help: name a folder")) {
      assertTrue(line.err().contains(part), line.err());
    }
    assertEquals(ExitStatus.CONFIGURATION, line.run(List.of("serve", "--config", "sealwax.toml")));
    assertTrue(line.err().contains("help: name a folder"), line.err());
  }
}

package org.sealwax.app;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ProcessEnvironment;

/** The command line with nothing on standard input, and what it printed. */
final class CommandLineRun {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final CommandLine line;

  /**
   * @param folder home, working folder and place of the state folder
   */
  CommandLineRun(Path folder) {
    this(folder, 80);
  }

  CommandLineRun(Path folder, int columns) {
    this(folder, columns, "tester");
  }

  /**
   * @param user who runs it
   */
  CommandLineRun(Path folder, int columns, String user) {
    this.line =
        new CommandLine(
            new ProcessEnvironment(
                Map.of(
                    "HOME",
                    folder.toString(),
                    "COLUMNS",
                    "" + columns,
                    "STATE_DIRECTORY",
                    folder.resolve("state").toString()),
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                user,
                folder,
                folder));
  }

  Command commands() {
    return line.commands();
  }

  /** The exit code. */
  int run(List<String> words) {
    out.reset();
    err.reset();
    return line.run(words.toArray(String[]::new));
  }

  /** Standard output of the last run. */
  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  /** Standard error of the last run. */
  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}

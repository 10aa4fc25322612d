package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The program on a terminal of its own, which script(1) makes: its width, and a hidden password.
 */
@Tag("process")
@Timeout(300)
final class TerminalTest {
  private static final Path SCRIPT = Path.of("/usr/bin/script");

  @BeforeEach
  void needsScript() {
    assumeTrue(System.getenv("CI") != null || Files.isExecutable(SCRIPT), "no script(1)");
  }

  /** Runs a line of the shell on a terminal. */
  private static Process onTerminal(String line) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            SCRIPT.toString(), "--quiet", "--return", "--command", line, "/dev/null");
    builder.environment().remove("COLUMNS");
    return builder.redirectErrorStream(true).start();
  }

  private static String sealwax(String... words) {
    return ServerProcess.command(List.of(words)).stream()
        .map(word -> "'" + word + "'")
        .collect(Collectors.joining(" "));
  }

  private static String rest(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void helpIsAsWideAsTheTerminal() throws Exception {
    for (int columns : new int[] {60, 100}) {
      Process help = onTerminal("stty cols " + columns + "; " + sealwax("serve", "--help"));
      String text = rest(help);
      assertEquals(0, help.waitFor(), text);
      int longest = text.lines().mapToInt(String::length).max().orElse(0);
      assertTrue(longest <= columns && longest > columns - 15, longest + " columns:\n" + text);
    }
  }

  @Test
  void aPasswordIsNotShownAndTheTerminalIsAsBefore() throws Exception {
    Process password = onTerminal(sealwax("password", "joe") + "; stty -a");
    InputStream in = password.getInputStream();
    StringBuilder seen = new StringBuilder();
    while (seen.indexOf("password for joe: ") < 0) {
      int c = in.read();
      assertTrue(c >= 0, seen.toString());
      seen.append((char) c);
    }
    password.getOutputStream().write("s3cret horse\n".getBytes(StandardCharsets.US_ASCII));
    password.getOutputStream().flush();
    seen.append(rest(password));
    assertEquals(0, password.waitFor(), seen.toString());
    assertFalse(seen.toString().contains("horse"), seen.toString());
    assertTrue(seen.toString().contains("\r\njoe:"), seen.toString());
    assertTrue(seen.toString().contains(" echo "), seen.toString());
  }
}

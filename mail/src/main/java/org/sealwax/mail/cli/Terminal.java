package org.sealwax.mail.cli;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.net.Threads;

/** The terminal of the process, if it has one. */
public final class Terminal {
  /** Columns where they are not known. */
  static final int WIDTH = 80;

  private Terminal() {}

  /**
   * Whether standard input and output are a terminal. The JDK gives a console without one only
   * where the module that does so is there, so that null means no.
   */
  @SuppressWarnings("SystemConsoleNull")
  public static boolean isInteractive() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  /** Columns: {@code COLUMNS}, else those of the terminal, else 80. */
  static int width(ProcessEnvironment process) {
    return process.variable("COLUMNS").map(Terminal::columns).orElseGet(Terminal::askedWidth);
  }

  /** {@code stty size} prints rows and columns. */
  private static int askedWidth() {
    if (!isInteractive()) {
      return WIDTH;
    }
    String size = stty("size").orElse("");
    return columns(size.substring(size.indexOf(' ') + 1));
  }

  /**
   * Reads a line without echo. Where standard input is a terminal, it asks on standard error, and
   * nothing that is typed is shown until the process ends. Standard output may go to a file.
   *
   * @param prompt what is asked for
   * @return the line; empty at the end of the input
   */
  public static String secret(ProcessEnvironment process, String prompt) throws IOException {
    Optional<String> before = stty("-g");
    if (before.isEmpty()) {
      return line(process);
    }
    // At the end of the process, also when a signal ends it.
    Runtime.getRuntime().addShutdownHook(Threads.unstarted("stty", () -> stty(before.get())));
    stty("-echo");
    process.err().print(prompt);
    String line = line(process);
    process.err().println();
    return line;
  }

  private static String line(ProcessEnvironment process) throws IOException {
    String line =
        new BufferedReader(new InputStreamReader(process.in(), StandardCharsets.UTF_8)).readLine();
    return line == null ? "" : line;
  }

  /**
   * What {@code stty} reports about the terminal on standard input, for which Java has no calls;
   * empty where there is no terminal, or no such program.
   */
  private static Optional<String> stty(String word) {
    try {
      Process stty =
          new ProcessBuilder("stty", word)
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (stty.waitFor(1, TimeUnit.SECONDS) && stty.exitValue() == 0) {
        byte[] said = stty.getInputStream().readAllBytes();
        return Optional.of(new String(said, StandardCharsets.US_ASCII).strip());
      }
    } catch (IOException e) {
      // No such program here.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Optional.empty();
  }

  private static int columns(String text) {
    return text.matches("[1-9][0-9]{0,3}") ? Integer.parseInt(text) : WIDTH;
  }
}

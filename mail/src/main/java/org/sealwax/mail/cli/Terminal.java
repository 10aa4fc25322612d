package org.sealwax.mail.cli;

import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

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

  /** Java has no call for it; {@code stty size} prints rows and columns of its standard input. */
  private static int askedWidth() {
    if (!isInteractive()) {
      return WIDTH;
    }
    try {
      Process stty =
          new ProcessBuilder("stty", "size").redirectInput(ProcessBuilder.Redirect.INHERIT).start();
      if (stty.waitFor(1, TimeUnit.SECONDS)) {
        String size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        return columns(size.substring(size.indexOf(' ') + 1).strip());
      }
    } catch (IOException e) {
      // No such program here.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return WIDTH;
  }

  private static int columns(String text) {
    return text.matches("[1-9][0-9]{0,3}") ? Integer.parseInt(text) : WIDTH;
  }
}

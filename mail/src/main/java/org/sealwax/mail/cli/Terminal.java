package org.sealwax.mail.cli;

import java.io.Console;

/** Whether a person watches. */
public final class Terminal {
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
}

package org.sealwax.mail.cli;

import java.io.IOException;

/** A command cannot do what it should; its exit code and help go with the reason. */
public final class CommandFailed extends IOException {
  private static final long serialVersionUID = 1L;

  private final int exit;
  private String help = "";

  /**
   * @param exit of {@link ExitStatus}
   */
  public CommandFailed(int exit, String message) {
    super(message);
    this.exit = exit;
  }

  /** Also states what to do. */
  public CommandFailed withHelp(String text) {
    help = text;
    return this;
  }

  /** The exit code. */
  public int exit() {
    return exit;
  }

  /** What to do, or empty. */
  public String help() {
    return help;
  }
}

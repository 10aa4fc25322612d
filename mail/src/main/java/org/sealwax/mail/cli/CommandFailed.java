package org.sealwax.mail.cli;

import java.io.IOException;

/** A command cannot do what it should; its exit code and help go with the reason. */
public final class CommandFailed extends IOException {
  private static final long serialVersionUID = 1L;

  private final int exit;
  private final String help;

  /**
   * @param exit of {@link ExitStatus}
   * @param help what to do, or empty
   */
  public CommandFailed(int exit, String message, String help) {
    super(message);
    this.exit = exit;
    this.help = help;
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

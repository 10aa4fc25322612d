package org.sealwax.app;

import java.io.IOException;

/** Why the router cannot start: a sentence, and what to do. */
final class StartTrouble extends IOException {
  private static final long serialVersionUID = 1L;
  private final String help;

  StartTrouble(String sentence, String help, Throwable cause) {
    super(sentence, cause);
    this.help = help;
  }

  /** What to do. */
  String help() {
    return help;
  }
}

package org.sealwax.router.control;

import java.util.List;
import java.util.Set;

/**
 * What a reload did not put in force.
 *
 * @param afterRestart keys that stay as they were until a restart
 * @param refused certificates that the guard refuses, in words
 */
public record ReloadReport(Set<String> afterRestart, List<String> refused) {
  /** All was put in force. */
  public static final ReloadReport COMPLETE = new ReloadReport(Set.of(), List.of());

  /** Copies. */
  public ReloadReport {
    refused = List.copyOf(refused);
  }

  /** {@return the same in words} */
  public String text() {
    return "configuration reloaded"
        + (afterRestart.isEmpty()
            ? ""
            : "; after a restart only: " + String.join(", ", afterRestart));
  }
}

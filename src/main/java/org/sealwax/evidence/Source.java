package org.sealwax.evidence;

import java.util.List;
import org.sealwax.policy.Evidence;
import org.sealwax.policy.Subject;

/** One source of evidence. Thread-safe; may block on the network, never longer than its limit. */
@FunctionalInterface
public interface Source {
  /**
   * What it knows; empty when it has nothing to say.
   *
   * @throws InterruptedException when the round is stopped
   */
  List<Evidence> about(Subject subject) throws InterruptedException;
}

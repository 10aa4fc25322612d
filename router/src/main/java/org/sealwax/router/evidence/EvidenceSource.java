package org.sealwax.router.evidence;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicySubject;

/** One source of evidence. Thread-safe; may block on the network, never longer than its limit. */
@FunctionalInterface
public interface EvidenceSource {
  /**
   * Its evidence; empty when it has none.
   *
   * @throws InterruptedException when the round is stopped
   */
  List<Evidence> evidenceFor(PolicySubject subject) throws InterruptedException;

  /**
   * The same when everything it needs is in memory: neither asks the network nor waits for it.
   * Empty when {@link #evidenceFor} must be asked.
   */
  default Optional<List<Evidence>> ifCached(PolicySubject subject) {
    return Optional.empty();
  }

  /**
   * Begins in the background with what can be known of a next hop before its hosts are; {@link
   * #evidenceFor} finds it done or in progress.
   */
  default void prefetch(Domain nextHop) {}
}

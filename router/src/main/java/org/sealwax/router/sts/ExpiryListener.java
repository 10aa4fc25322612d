package org.sealwax.router.sts;

import org.sealwax.mail.address.Domain;
import org.sealwax.mail.sts.StsStep;

/**
 * A listener for {@code enforce} policies that ended without being withdrawn, so that the ledger
 * can keep the domain at {@code verify} with the policy's hosts. Called before the first delivery
 * without the policy; must not block on the network, and may be called again for the same policy
 * after a crash.
 */
@FunctionalInterface
public interface ExpiryListener {
  /** The policy of {@code domain} ended. */
  void ended(Domain domain, StsStep.LostPolicy lost);

  /** A listener that does nothing. */
  static ExpiryListener none() {
    return (domain, lost) -> {};
  }
}

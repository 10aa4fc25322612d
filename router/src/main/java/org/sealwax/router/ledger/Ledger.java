package org.sealwax.router.ledger;

import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;

/** The record of the TLS that domains have shown before; by itself, an empty one. Thread-safe. */
public interface Ledger {
  /**
   * A round begins. DNSSEC, or an MTA-STS policy in force, vouches for a changed MX set here, so
   * {@link #evidenceFor} must be asked after this.
   *
   * @param origin why we connect, which decides what is learnt
   */
  default LedgerRound beginRound(Domain domain, RoundMx answer, SampleOrigin origin) {
    return LedgerRound.NONE;
  }

  /** The domain's level in force; empty when it has none. */
  default Optional<Evidence.LedgerLevel> evidenceFor(Domain domain) {
    return Optional.empty();
  }

  /** The violation that stands at the domain now. */
  default Optional<ActiveViolation> activeViolation(Domain domain) {
    return Optional.empty();
  }

  /** A ledger that remembers nothing: for call-ahead probes, and where it is switched off. */
  static Ledger empty() {
    return new Ledger() {};
  }
}

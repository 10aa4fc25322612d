package org.sealwax.router.ledger;

import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;

/** Remembers nothing. */
final class EmptyLedger implements Ledger, LedgerRound {
  static final EmptyLedger LEDGER = new EmptyLedger();

  private EmptyLedger() {}

  @Override
  public LedgerRound beginRound(Domain domain, RoundMx answer, boolean counts) {
    return this;
  }

  @Override
  public LedgerRound beginProbe(Domain domain, RoundMx answer) {
    return this;
  }

  @Override
  public Optional<Evidence.LedgerLevel> evidenceFor(Domain domain) {
    return Optional.empty();
  }

  @Override
  public Optional<ActiveViolation> activeViolation(Domain domain) {
    return Optional.empty();
  }

  @Override
  public void addresses(Domain host, boolean ipv4, boolean ipv6) {}

  @Override
  public void observed(HostSample sample) {}

  @Override
  public boolean needsFreshDns() {
    return false;
  }
}

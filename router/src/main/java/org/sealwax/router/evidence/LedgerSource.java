package org.sealwax.router.evidence;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.ledger.Ledger;

/**
 * The ledger as a source: the level that the next hop's domain has reached. An address literal has
 * none. Ask after {@link Ledger#beginRound}.
 */
public final class LedgerSource implements EvidenceSource {
  private final Ledger ledger;

  /** Over this ledger. */
  public LedgerSource(Ledger ledger) {
    this.ledger = ledger;
  }

  @Override
  public List<Evidence> evidenceFor(PolicySubject subject) {
    if (!(subject.nextHop() instanceof Domain domain)) {
      return List.of();
    }
    Optional<Evidence.LedgerLevel> known = ledger.evidenceFor(domain);
    return known.isPresent() ? List.of(known.get()) : List.of();
  }

  /** In memory, or on the disk of this machine. */
  @Override
  public Optional<List<Evidence>> ifCached(PolicySubject subject) {
    return Optional.of(evidenceFor(subject));
  }
}

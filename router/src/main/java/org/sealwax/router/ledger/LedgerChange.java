package org.sealwax.router.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.TlsLevel;

/**
 * A row after something happened, and what that means for the admin.
 *
 * @param row as it is now
 * @param facts in order; empty for the ordinary case
 */
public record LedgerChange(DomainRecord row, List<Fact> facts) {
  /** A change of a level. */
  public sealed interface Fact {
    /** It was reached. */
    record Promoted(TlsLevel level) implements Fact {}

    /** It was not seen for too long. */
    record Decayed(TlsLevel level) implements Fact {}

    /** A violation began. */
    record Violated(TlsLevel level, String description) implements Fact {}

    /** A violation ended by itself: every path keeps the level again. */
    record Recovered(TlsLevel level) implements Fact {}

    /** The domain's lesser state was accepted. */
    record Accepted(TlsLevel before, @Nullable TlsLevel after, boolean byAdmin) implements Fact {}

    /** New MX hosts were accepted, the level stands. */
    record HostsAccepted(Set<Domain> hosts, String why) implements Fact {}
  }

  /** Copies. */
  public LedgerChange {
    facts = List.copyOf(facts);
  }

  static LedgerChange none(DomainRecord row) {
    return new LedgerChange(row, List.of());
  }

  LedgerChange and(Fact fact) {
    List<Fact> more = new ArrayList<>(facts);
    more.add(fact);
    return new LedgerChange(row, more);
  }

  LedgerChange with(DomainRecord other) {
    return new LedgerChange(other, facts);
  }
}

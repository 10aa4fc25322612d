package org.sealwax.router.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Level;

/**
 * A row after something happened, and what that means to people.
 *
 * @param row as it is now
 * @param facts in order; empty for the ordinary case
 */
public record Change(DomainRow row, List<Fact> facts) {
  /** What happened to a level. */
  public sealed interface Fact {
    /** It was reached. */
    record Promoted(Level level) implements Fact {}

    /** It was not seen for too long. */
    record Decayed(Level level) implements Fact {}

    /** A violation began. */
    record Violated(Level level, String what) implements Fact {}

    /** A violation ended by itself: every path keeps the level again. */
    record Healed(Level level) implements Fact {}

    /** The domain's lesser state was accepted. */
    record Accepted(Level before, @Nullable Level after, boolean byAdmin) implements Fact {}

    /** New MX hosts were accepted, the level stands. */
    record HostsAccepted(Set<Domain> hosts, String why) implements Fact {}
  }

  /** Copies. */
  public Change {
    facts = List.copyOf(facts);
  }

  static Change none(DomainRow row) {
    return new Change(row, List.of());
  }

  Change and(Fact fact) {
    List<Fact> more = new ArrayList<>(facts);
    more.add(fact);
    return new Change(row, more);
  }

  Change with(DomainRow other) {
    return new Change(other, facts);
  }
}

package org.sealwax.router.ledger;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
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
    record Decayed(TlsLevel level, Duration decay) implements Fact {}

    /** A violation began. */
    record Violated(TlsLevel level, String description) implements Fact {}

    /** A violation ended by itself: every path keeps the level again. */
    record Recovered(TlsLevel level) implements Fact {}

    /** The domain's lesser state was accepted. */
    record Accepted(TlsLevel before, @Nullable TlsLevel after, boolean byAdmin) implements Fact {}

    /** New MX hosts were accepted, the level stands. */
    record HostsAccepted(Set<Domain> hosts, String why) implements Fact {}

    /** In plain words, to stand after the domain's name. */
    default String text() {
      return switch (this) {
        case Promoted p -> "has reached level " + p.level().word();
        case Decayed d ->
            "has not shown its level "
                + d.level().word()
                + " for "
                + d.decay().toDays()
                + " days; it falls away";
        case Violated v -> "shows less than its level " + v.level().word() + ": " + v.description();
        case Recovered h -> "shows its level " + h.level().word() + " again";
        case Accepted a ->
            "is accepted as it shows itself now"
                + (a.byAdmin() ? ", by the admin's word" : ", after the whole hold")
                + ": its level was "
                + a.before().word()
                + " and is now "
                + (a.after() == null ? "none" : a.after().word());
        case HostsAccepted h ->
            "has new MX hosts, accepted ("
                + h.why()
                + "): "
                + h.hosts().stream()
                    .map(Object::toString)
                    .sorted()
                    .collect(Collectors.joining(", "));
      };
    }
  }

  /** Copies. */
  public LedgerChange {
    facts = List.copyOf(facts);
  }

  static LedgerChange none(DomainRecord row) {
    return new LedgerChange(row, List.of());
  }
}

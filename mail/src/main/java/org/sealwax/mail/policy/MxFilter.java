package org.sealwax.mail.policy;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;

/** The condition that an MX host must meet to be used. */
public sealed interface MxFilter {
  /**
   * Why a host must not be used.
   *
   * @param reason in one word
   * @param text in words for the log and the DSN
   */
  record Refusal(DeferReason reason, String text) {}

  /** Every host. */
  record Any() implements MxFilter {}

  /**
   * Only hosts that an MTA-STS policy lists (RFC 8461 4.1).
   *
   * @param patterns the patterns, any one is enough
   */
  record Patterns(List<MxPattern> patterns) implements MxFilter {
    /** Copies. */
    public Patterns {
      patterns = List.copyOf(patterns);
    }
  }

  /**
   * Only hosts that the ledger knows, or that belong to an organisation it knows: a forged MX
   * record with a valid certificate of its own must not pass.
   *
   * @param hosts remembered hosts
   * @param organisations their registrable domains
   */
  record LedgerKnown(Set<Domain> hosts, Set<Domain> organisations) implements MxFilter {
    /** Copies. */
    public LedgerKnown {
      hosts = Set.copyOf(hosts);
      organisations = Set.copyOf(organisations);
    }

    private boolean knows(Domain host) {
      return hosts.contains(host)
          || organisations.stream().anyMatch(o -> host.equals(o) || host.isBelow(o));
    }
  }

  /**
   * No host, for now or at all: something that must be known first is not.
   *
   * @param refusal why
   */
  record NoHostAllowed(Refusal refusal) implements MxFilter {}

  /**
   * All of these must accept a host.
   *
   * @param filters all of these must admit a host
   */
  record All(Set<MxFilter> filters) implements MxFilter {
    /** Copies. */
    public All {
      filters = Set.copyOf(filters);
    }
  }

  /**
   * {@return why {@code host} must not be used; empty when it may}
   *
   * @param host the MX host
   */
  default Optional<Refusal> refusal(MailHost host) {
    return switch (this) {
      case Any a -> Optional.empty();
      case Patterns p ->
          host instanceof Domain d && p.patterns().stream().anyMatch(m -> m.matches(d))
              ? Optional.empty()
              : Optional.of(
                  new Refusal(
                      DeferReason.STS_MX, "is not among the MX hosts of the MTA-STS policy"));
      case LedgerKnown k ->
          host instanceof Domain d && k.knows(d)
              ? Optional.empty()
              : Optional.of(
                  new Refusal(
                      DeferReason.LEDGER_MX, "is not a known MX host of this domain (ledger)"));
      case NoHostAllowed c -> Optional.of(c.refusal());
      case All a ->
          a.filters().stream()
              .map(f -> f.refusal(host))
              .flatMap(Optional::stream)
              .min(java.util.Comparator.comparing(Refusal::reason));
    };
  }

  /**
   * {@return whether {@code host} may be used}
   *
   * @param host the MX host
   */
  default boolean admits(MailHost host) {
    return refusal(host).isEmpty();
  }

  /**
   * Accepts what both accept.
   *
   * @param other the other filter
   * @return the combined filter
   */
  default MxFilter and(MxFilter other) {
    if (other instanceof Any) {
      return this;
    }
    if (this instanceof Any) {
      return other;
    }
    Set<MxFilter> both = new java.util.HashSet<>(parts());
    both.addAll(other.parts());
    return switch (both.size()) {
      case 0 -> new Any();
      case 1 -> both.iterator().next();
      default -> new All(both);
    };
  }

  /**
   * {@return whether everything that {@code other} refuses is refused here too, as far as the parts
   * show}
   *
   * @param other the other filter
   */
  default boolean isAtLeast(MxFilter other) {
    return parts().containsAll(other.parts());
  }

  private Set<MxFilter> parts() {
    return switch (this) {
      case Any a -> Set.of();
      case All a -> a.filters();
      case Patterns p -> Set.of(p);
      case LedgerKnown k -> Set.of(k);
      case NoHostAllowed c -> Set.of(c);
    };
  }
}

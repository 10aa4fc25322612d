package org.sealwax.router.evidence;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.client.DaneLookup;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.sts.StsPolicyCache;

/**
 * The evidence that there is about a host before a connection: what domains publish, what the
 * ledger has, and what the configuration states. Asks all sources: those that have everything in
 * memory at once, and the others in parallel, as they wait for the network. Thread-safe.
 */
public final class EvidenceGatherer {
  private final List<EvidenceSource> sources;
  private final StsRecheck rechecks;
  private final Consumer<Domain> onForget;

  /** Looks up a domain's MTA-STS announcement again (RFC 8461 5.1). */
  @FunctionalInterface
  public interface StsRecheck {
    /** The policy as it is now; empty when no policies are kept. May block like a look-up. */
    Optional<Evidence.Sts> recheck(Domain domain) throws InterruptedException;
  }

  /**
   * Over these sources.
   *
   * @param sources asked in this order
   * @param rechecks looks up a domain's MTA-STS policy again
   * @param onForget drops what a cache has about a name, so that the DNS is asked again
   */
  public EvidenceGatherer(
      List<EvidenceSource> sources, StsRecheck rechecks, Consumer<Domain> onForget) {
    this.sources = List.copyOf(sources);
    this.rechecks = rechecks;
    this.onForget = onForget;
  }

  /** Over these sources, without a recheck or a cache. */
  public EvidenceGatherer(List<EvidenceSource> sources) {
    this(sources, domain -> Optional.empty(), domain -> {});
  }

  /** The same after the rows of a configuration. */
  public EvidenceGatherer after(PolicyRows rows) {
    List<EvidenceSource> all = new ArrayList<>();
    all.add(rows);
    all.addAll(sources);
    return new EvidenceGatherer(all, rechecks, onForget);
  }

  /**
   * Everything that is known about {@code subject} before a connection is made, in the order of the
   * sources.
   *
   * @throws InterruptedException when the round is stopped
   */
  public List<Evidence> gather(PolicySubject subject) throws InterruptedException {
    List<@Nullable List<Evidence>> found = new ArrayList<>(sources.size());
    int missing = 0;
    for (EvidenceSource source : sources) {
      Optional<List<Evidence>> atHand = source.ifCached(subject);
      found.add(atHand.orElse(null));
      missing += atHand.isPresent() ? 0 : 1;
    }
    if (missing > 0) {
      query(subject, found, missing);
    }
    List<Evidence> evidence = new ArrayList<>(2 * sources.size() + 2);
    for (List<Evidence> of : found) {
      if (of != null) {
        evidence.addAll(of);
      }
    }
    return evidence;
  }

  /** Asks those that are missing: each in a thread of its own, but for the last. */
  private void query(PolicySubject subject, List<@Nullable List<Evidence>> found, int missing)
      throws InterruptedException {
    try (Scope scope = new Scope("evidence")) {
      List<Scope.@Nullable ForkedTask<List<Evidence>>> tasks = new ArrayList<>(sources.size());
      int left = missing;
      for (int i = 0; i < sources.size(); i++) {
        EvidenceSource source = sources.get(i);
        if (found.get(i) != null) {
          tasks.add(null);
        } else if (--left > 0) {
          tasks.add(scope.fork(() -> source.evidenceFor(subject)));
        } else {
          tasks.add(null);
          found.set(i, source.evidenceFor(subject));
        }
      }
      scope.join();
      for (int i = 0; i < tasks.size(); i++) {
        Scope.ForkedTask<List<Evidence>> task = tasks.get(i);
        if (task != null) {
          found.set(i, task.get());
        }
      }
    }
  }

  /**
   * Begins with what can be known of a next hop before the answer that names its hosts is there.
   */
  public void prefetch(Domain nextHop) {
    for (EvidenceSource source : sources) {
      source.prefetch(nextHop);
    }
  }

  /** The MTA-STS policy of a domain as it is now (RFC 8461 5.1). */
  public Optional<Evidence.Sts> recheck(Domain domain) throws InterruptedException {
    return rechecks.recheck(domain);
  }

  /** Has the DNS asked again about a name. */
  public void forget(Domain name) {
    onForget.accept(name);
  }

  /** DANE as a source of evidence (RFC 7672). Thread-safe. */
  public static final class DaneSource implements EvidenceSource {
    private final DaneLookup lookup;

    /**
     * A source over this resolver.
     *
     * @param families the address families that are dialled; the other is not asked for
     */
    public DaneSource(Resolver resolver, HostAddresses.Families families, Clock clock) {
      this.lookup = new DaneLookup(resolver, families, clock);
    }

    /** Evidence about a host with a name; none about an address literal. */
    @Override
    public List<Evidence> evidenceFor(PolicySubject subject) {
      return lookup.evidenceFor(subject);
    }

    @Override
    public Optional<List<Evidence>> ifCached(PolicySubject subject) {
      return lookup.ifCached(subject);
    }
  }

  /**
   * MTA-STS as a source. The policy domain is the next hop: the recipient domain as written, or the
   * smart host's own name where mail goes by one (RFC 8461 3.4); an address literal has no policy.
   */
  public record StsSource(StsPolicyCache policies) implements EvidenceSource {
    @Override
    public List<Evidence> evidenceFor(PolicySubject subject) {
      return subject.nextHop() instanceof Domain domain
          ? List.of(policies.evidenceFor(domain))
          : List.of();
    }

    @Override
    public Optional<List<Evidence>> ifCached(PolicySubject subject) {
      return subject.nextHop() instanceof Domain domain
          ? policies.ifCached(domain).map(List::of)
          : Optional.of(List.of());
    }

    @Override
    public void prefetch(Domain nextHop) {
      policies.prefetch(nextHop);
    }
  }

  /**
   * The ledger as a source: the level that the next hop's domain has reached. An address literal
   * has none. Ask after {@link Ledger#beginRound}.
   */
  public record LedgerSource(Ledger ledger) implements EvidenceSource {
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

  /**
   * The configuration as a source: the default level, and every row that covers the recipient
   * domain, the next hop or the MX host, the most specific first. Which of them count is for {@link
   * org.sealwax.mail.policy.Policy} to say: rows expire. An address literal is covered by {@code *}
   * alone. Immutable.
   */
  public static final class PolicyRows implements EvidenceSource {
    private final Evidence byDefault;
    private final Map<Domain, List<PolicyRow>> exact = new HashMap<>();
    private final Map<Domain, List<PolicyRow>> below = new HashMap<>();
    private final List<PolicyRow> any = new ArrayList<>();

    /**
     * The rows of one configuration.
     *
     * @param rows of two rows in force with the same pattern, the first counts
     */
    public PolicyRows(TlsLevel level, List<PolicyRow> rows) {
      this.byDefault = new Evidence.Default(level);
      for (PolicyRow row : rows) {
        List<PolicyRow> same =
            switch (row.pattern()) {
              case DomainPattern.Exact e ->
                  exact.computeIfAbsent(e.domain(), d -> new ArrayList<>());
              case DomainPattern.Below b ->
                  below.computeIfAbsent(b.parent(), d -> new ArrayList<>());
              case DomainPattern.Any a -> any;
            };
        same.add(row);
      }
    }

    @Override
    public List<Evidence> evidenceFor(PolicySubject subject) {
      List<Evidence> evidence = new ArrayList<>(3);
      evidence.add(byDefault);
      for (PolicyRow row : covering(subject.nextHop())) {
        evidence.add(new Evidence.NextHopRow(row));
      }
      if (!subject.destination().equals(subject.nextHop())) {
        for (PolicyRow row : covering(subject.destination())) {
          evidence.add(new Evidence.RecipientRow(row));
        }
      }
      if (!subject.isDirect()) {
        for (PolicyRow row : covering(subject.host())) {
          evidence.add(new Evidence.HostRow(row));
        }
      }
      return evidence;
    }

    @Override
    public Optional<List<Evidence>> ifCached(PolicySubject subject) {
      return Optional.of(evidenceFor(subject));
    }

    /** The rows that cover every destination. */
    public List<PolicyRow> forAll() {
      return any;
    }

    /** Every row that covers a name, the most specific first, and equals as they were written. */
    public List<PolicyRow> covering(MailHost host) {
      if (!(host instanceof Domain domain) || exact.isEmpty() && below.isEmpty()) {
        return any;
      }
      List<PolicyRow> rows = new ArrayList<>(exact.getOrDefault(domain, List.of()));
      Optional<Domain> parent = below.isEmpty() ? Optional.empty() : domain.parent();
      while (parent.isPresent()) {
        rows.addAll(below.getOrDefault(parent.get(), List.of()));
        parent = parent.get().parent();
      }
      rows.addAll(any);
      return rows;
    }
  }
}

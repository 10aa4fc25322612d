package org.sealwax.mail.client;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dane.DaneReferenceNames;
import org.sealwax.mail.dane.TlsaAnswer;
import org.sealwax.mail.dane.TlsaBaseDomain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.ParsedRecordCache;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.policy.PolicySubject;

/**
 * Looks up DANE for one host (RFC 7672 2.2): asks for addresses, and for TLSA records where those
 * are secure. Package {@code dane} reads the answers. The resolver caches them and limits the time.
 * Thread-safe.
 */
public final class DaneLookup {
  private final Resolver resolver;
  private final HostAddresses.Families families;
  private final Clock clock;
  private final ParsedRecordCache<TlsaRecord, Optional<DaneState>> readings =
      new ParsedRecordCache<>();

  /**
   * Creates a lookup.
   *
   * @param resolver answers with DNSSEC status
   * @param families the address families that are dialled; the other is not asked for
   * @param clock for the expiry of evidence
   */
  public DaneLookup(Resolver resolver, HostAddresses.Families families, Clock clock) {
    this.resolver = resolver;
    this.families = families;
    this.clock = clock;
  }

  /**
   * Looks up the evidence about one host. Blocks; an interrupted thread gets the state {@link
   * DaneState.LookupFailed}.
   *
   * @param subject host, port and next hop
   * @return evidence about a host with a name; none about an address literal, which has no place in
   *     the DNS (RFC 7672 2.2)
   */
  public List<Evidence> evidenceFor(PolicySubject subject) {
    return subject.host() instanceof Domain host
        ? List.of(new Search(resolver, subject, host).evidence())
        : List.of();
  }

  /**
   * Finds the same evidence without asking the network and without waiting.
   *
   * @param subject host, port and next hop
   * @return the evidence, or empty when {@link #evidenceFor} must be asked
   */
  public Optional<List<Evidence>> ifCached(PolicySubject subject) {
    if (!(subject.host() instanceof Domain host)) {
      return Optional.of(List.of());
    }
    Search search = new Search(resolver.cacheOnly(), subject, host);
    Evidence evidence = search.evidence();
    return search.hadAll ? Optional.of(List.of(evidence)) : Optional.empty();
  }

  /** One search. */
  private final class Search {
    private final Resolver resolver;
    private final PolicySubject subject;
    private final Domain host;
    private Duration ttl = Duration.ofDays(1);
    private boolean hadAll = true;

    Search(Resolver resolver, PolicySubject subject, Domain host) {
      this.resolver = resolver;
      this.subject = subject;
      this.host = host;
    }

    Evidence evidence() {
      try {
        HostAddresses addresses = HostAddresses.of(resolver, host, families);
        note(addresses.ipv4());
        note(addresses.ipv6());
        return of(TlsaBaseDomain.of(host, addresses.ipv4(), addresses.ipv6()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return dane(host, new DaneState.LookupFailed("interrupted"));
      }
    }

    private Evidence of(TlsaBaseDomain bases) {
      return switch (bases) {
        case TlsaBaseDomain.Settled s -> dane(host, s.state());
        case TlsaBaseDomain.Candidates c -> among(c.names());
        case TlsaBaseDomain.Aliased a -> {
          DnsAnswer<Domain> alias = resolver.alias(a.name());
          note(alias);
          yield of(TlsaBaseDomain.ofAlias(host, alias));
        }
      };
    }

    private Evidence among(List<Domain> candidates) {
      for (Domain base : candidates) {
        Optional<Domain> owner = TlsaBaseDomain.owner(base, subject.port());
        if (owner.isEmpty()) {
          continue;
        }
        DnsAnswer<TlsaRecord> answer = resolver.tlsa(owner.get());
        note(answer);
        Optional<DaneState> state =
            TlsaAnswer.needsNames(answer)
                ? TlsaAnswer.meaning(owner.get(), answer, names(base))
                : apartFromNames(owner.get(), answer);
        if (state.isPresent()) {
          return dane(base, state.get());
        }
      }
      return dane(host, new DaneState.Absent("no TLSA records"));
    }

    /** Where no name is checked, the records mean the same for every next hop. */
    private Optional<DaneState> apartFromNames(Domain owner, DnsAnswer<TlsaRecord> answer) {
      return readings
          .of(owner, answer, a -> TlsaAnswer.meaning(owner, a, List.of()))
          .orElseGet(() -> TlsaAnswer.meaning(owner, answer, List.of()));
    }

    private List<Domain> names(Domain base) {
      Optional<DnsAnswer<MxRecord>> mx = Optional.empty();
      if (!subject.isDirect() && subject.secureMx() && subject.nextHop() instanceof Domain hop) {
        // The question that led here; its answer is in the cache.
        DnsAnswer<MxRecord> answer = resolver.mx(hop);
        hadAll &= answer.isResolved();
        mx = Optional.of(answer);
      }
      return DaneReferenceNames.of(base, subject, mx);
    }

    private void note(DnsAnswer<?> answer) {
      hadAll &= answer.isResolved();
      if (answer.ttl().isPositive() && answer.ttl().compareTo(ttl) < 0) {
        ttl = answer.ttl();
      }
    }

    private Evidence dane(Domain base, DaneState state) {
      Instant expires = clock.now().plus(ttl);
      return new Evidence.Dane(base, state, subject.secureMx() || subject.isDirect(), expires);
    }
  }
}

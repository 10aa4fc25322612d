package org.sealwax.router.evidence;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.client.DaneLookup;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicySubject;

/** DANE as a source of evidence (RFC 7672). Thread-safe. */
public final class DaneSource implements EvidenceSource {
  private final DaneLookup lookup;

  /**
   * A source over this resolver.
   *
   * @param families the address families that are dialled; the other is not asked for
   */
  public DaneSource(Resolver resolver, HostAddresses.Families families, Clock clock) {
    this.lookup = new DaneLookup(resolver, families, clock);
  }

  /** One piece of evidence about a host with a name; none about an address literal. */
  @Override
  public List<Evidence> evidenceFor(PolicySubject subject) {
    return lookup.evidenceFor(subject);
  }

  @Override
  public Optional<List<Evidence>> ifCached(PolicySubject subject) {
    return lookup.ifCached(subject);
  }
}

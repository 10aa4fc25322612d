package org.sealwax.router.evidence;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.sts.StsPolicyCache;

/**
 * MTA-STS as a source. The policy domain is the next hop: the recipient domain as written, or the
 * smart host's own name where mail goes by one (RFC 8461 3.4); an address literal has no policy.
 */
public final class StsSource implements EvidenceSource {
  private final StsPolicyCache policies;

  /** Over these policies. */
  public StsSource(StsPolicyCache policies) {
    this.policies = policies;
  }

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

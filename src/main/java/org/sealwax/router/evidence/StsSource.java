package org.sealwax.router.evidence;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Subject;
import org.sealwax.router.sts.StsPolicies;

/**
 * MTA-STS as a source. The policy domain is the next hop: the recipient domain as written, or the
 * smart host's own name where mail goes by one (RFC 8461 3.4); an address literal has no policy.
 */
public final class StsSource implements Source {
  private final StsPolicies policies;

  /** Over these policies. */
  public StsSource(StsPolicies policies) {
    this.policies = policies;
  }

  @Override
  public List<Evidence> about(Subject subject) {
    return subject.nextHop() instanceof Domain domain ? List.of(policies.about(domain)) : List.of();
  }

  @Override
  public Optional<List<Evidence>> atHand(Subject subject) {
    return subject.nextHop() instanceof Domain domain
        ? policies.atHand(domain).map(List::of)
        : Optional.of(List.of());
  }

  @Override
  public void begin(Domain nextHop) {
    policies.begin(nextHop);
  }
}

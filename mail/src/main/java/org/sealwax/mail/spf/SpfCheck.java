package org.sealwax.mail.spf;

import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;

/**
 * Checks whether a client may send for a domain (RFC 7208). At most {@link SpfEvaluation#MAX_TERMS}
 * terms ask the DNS, each with at most 11 look-ups; a caller that must not wait so long gives a
 * resolver that answers in time. Thread-safe; blocks as long as the resolver does.
 */
public final class SpfCheck {
  private final Resolver resolver;

  /**
   * A check by this resolver.
   *
   * @param resolver answers the DNS questions
   */
  public SpfCheck(Resolver resolver) {
    this.resolver = resolver;
  }

  /**
   * Checks one request.
   *
   * @param request client, sender and EHLO name
   * @return the result, with its reason
   */
  public SpfVerdict of(SpfRequest request) {
    Optional<Domain> domain = request.sender().domain();
    if (domain.isEmpty() || domain.get().parent().isEmpty()) {
      // RFC 7208 4.3: an address literal, a name that is not fully qualified, or no name.
      return new SpfVerdict(SpfResult.NONE, domain, "no domain to check");
    }
    try {
      SpfEvaluation.Decision decision =
          new SpfEvaluation(resolver, request).checkHost(domain.get());
      return new SpfVerdict(decision.result(), domain, decision.reason());
    } catch (SpfException e) {
      return new SpfVerdict(e.result(), domain, e.reason());
    }
  }
}

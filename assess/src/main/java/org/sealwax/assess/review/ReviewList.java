package org.sealwax.assess.review;

import java.util.List;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.mail.dns.Resolver;

/**
 * All reviews in the order of their dependencies: policies before the certificates that they are
 * about, the comparison of hosts last.
 */
public final class ReviewList {
  private static final String WITHOUT = "DNSSEC is not examined (--no-dnssec)";

  private ReviewList() {}

  /** Checks that were not asked for. */
  private record UnrequestedReview(List<Check> checks, String reason) implements Review {
    @Override
    public PendingReview ask(TargetOverview before) {
      return all -> checks.stream().map(c -> c.atDomain().notTested(reason)).toList();
    }
  }

  /**
   * All, in order.
   *
   * @param mx first, for it shows whether there are hosts
   * @param dane asks the authoritative servers one by one
   * @param resolver of the reviews that need nothing else
   * @param validating whether it validates; else DNSSEC and DANE are not tested
   */
  public static List<Review> all(
      MxReview mx,
      DaneReview dane,
      StsReview sts,
      CertificateReview certificates,
      KeyReuseReview keys,
      TlsRptReview reports,
      Resolver resolver,
      boolean validating) {
    Review dnssec = new DnssecReview(resolver);
    return List.of(
        mx,
        validating ? dnssec : new UnrequestedReview(dnssec.checks(), WITHOUT),
        validating ? dane : new UnrequestedReview(dane.checks(), WITHOUT),
        sts,
        new PolicyCoverageReview(),
        certificates,
        keys,
        reports,
        new DnsInformationReview(resolver),
        new HostConsistencyReview());
  }
}

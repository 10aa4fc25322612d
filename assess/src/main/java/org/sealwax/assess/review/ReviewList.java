package org.sealwax.assess.review;

import java.util.List;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * All reviews in the order in which they build upon each other: policies before the certificates
 * that they are about, the comparison of hosts last.
 */
public final class ReviewList {
  private static final String WITHOUT = "DNSSEC is not looked at (--no-dnssec)";

  private ReviewList() {}

  /** Checks that were not asked for. */
  private record UnrequestedReview(List<Check> checks, String reason) implements Review {
    @Override
    public PendingReview ask(TargetOverview before) {
      return all ->
          checks.stream()
              .map(c -> Finding.of(c, CheckOutcome.NOT_TESTED, FindingLocation.domain(), reason))
              .toList();
    }
  }

  /**
   * What reviews need.
   *
   * @param resolver for all look-ups
   * @param validating whether it validates; else nothing is known of DNSSEC and DANE
   * @param servers asks the authoritative servers one by one
   * @param dialer for the hosts of policies and authorities: guarded, as strangers name them
   * @param fetcher of MTA-STS policies
   * @param web for the https addresses of reports
   * @param also other services that might have a mail host's key
   * @param roots what is trusted
   * @param privateAllowed special-use addresses are expected: a lab
   * @param hasIpv6 whether this machine can reach IPv6
   */
  public record ReviewEnvironment(
      Resolver resolver,
      boolean validating,
      DaneReview.AuthoritativeTlsaLookup servers,
      Dialer dialer,
      PolicyFetcher fetcher,
      HttpsClient web,
      List<AssessmentTarget.HostTarget> also,
      TrustRoots roots,
      boolean privateAllowed,
      boolean hasIpv6,
      Clock clock) {}

  /** All, in order. */
  public static List<Review> all(ReviewEnvironment needs) {
    Review dnssec = new DnssecReview(needs.resolver());
    Review dane = new DaneReview(needs.resolver(), needs.servers(), needs.clock());
    return List.of(
        new MxReview(needs.privateAllowed(), needs.hasIpv6()),
        needs.validating() ? dnssec : new UnrequestedReview(dnssec.checks(), WITHOUT),
        needs.validating() ? dane : new UnrequestedReview(dane.checks(), WITHOUT),
        new StsReview(needs.resolver(), needs.fetcher()::examine, needs.roots(), needs.clock()),
        new PolicyCoverageReview(),
        new CertificateReview(
            needs.roots(),
            new RevocationCheck(
                new PlainHttpClient(needs.resolver(), needs.dialer()), needs.clock()),
            needs.clock()),
        new KeyReuseReview(needs.also(), needs.resolver(), needs.dialer()),
        new TlsRptReview(needs.resolver(), needs.web()::exchange),
        new DnsInformationReview(needs.resolver()),
        new HostConsistencyReview());
  }
}

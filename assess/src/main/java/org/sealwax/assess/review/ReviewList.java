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
  public static List<Review> all(ReviewEnvironment environment) {
    Review dnssec = new DnssecReview(environment.resolver());
    Review dane =
        new DaneReview(environment.resolver(), environment.servers(), environment.clock());
    return List.of(
        new MxReview(environment.privateAllowed(), environment.hasIpv6()),
        environment.validating() ? dnssec : new UnrequestedReview(dnssec.checks(), WITHOUT),
        environment.validating() ? dane : new UnrequestedReview(dane.checks(), WITHOUT),
        new StsReview(
            environment.resolver(),
            environment.fetcher()::examine,
            environment.roots(),
            environment.clock()),
        new PolicyCoverageReview(),
        new CertificateReview(
            environment.roots(),
            new RevocationCheck(
                new PlainHttpClient(environment.resolver(), environment.dialer()),
                environment.clock()),
            environment.clock()),
        new KeyReuseReview(environment.also(), environment.resolver(), environment.dialer()),
        new TlsRptReview(environment.resolver(), environment.web()::exchange),
        new DnsInformationReview(environment.resolver()),
        new HostConsistencyReview());
  }
}

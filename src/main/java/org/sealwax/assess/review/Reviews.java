package org.sealwax.assess.review;

import java.util.List;
import org.sealwax.assess.Overview;
import org.sealwax.assess.Review;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.assess.model.Target;
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
public final class Reviews {
  private static final String WITHOUT = "DNSSEC is not looked at (--no-dnssec)";

  private Reviews() {}

  /** Checks that were not asked for. */
  private record Unasked(List<Check> checks, String why) implements Review {
    @Override
    public Judgement ask(Overview before) {
      return all ->
          checks.stream().map(c -> Finding.of(c, Outcome.NOT_TESTED, Place.domain(), why)).toList();
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
  public record Needs(
      Resolver resolver,
      boolean validating,
      DaneReview.Servers servers,
      Dialer dialer,
      PolicyFetcher fetcher,
      HttpsClient web,
      List<Target.Host> also,
      TrustRoots roots,
      boolean privateAllowed,
      boolean hasIpv6,
      Clock clock) {}

  /** All, in order. */
  public static List<Review> all(Needs needs) {
    Review dnssec = new DnssecReview(needs.resolver());
    Review dane = new DaneReview(needs.resolver(), needs.servers(), needs.clock());
    return List.of(
        new MxReview(needs.privateAllowed(), needs.hasIpv6()),
        needs.validating() ? dnssec : new Unasked(dnssec.checks(), WITHOUT),
        needs.validating() ? dane : new Unasked(dane.checks(), WITHOUT),
        new StsReview(needs.resolver(), needs.fetcher()::examine, needs.roots(), needs.clock()),
        new BothReview(),
        new CertificateReview(
            needs.roots(),
            new Revocation(new PlainWeb(needs.resolver(), needs.dialer()), needs.clock()),
            needs.clock()),
        new KeyReuseReview(needs.also(), needs.resolver(), needs.dialer()),
        new ReportingReview(needs.resolver(), needs.web()::exchange),
        new PanelReview(needs.resolver()),
        new ParityReview());
  }
}

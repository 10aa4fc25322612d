package org.sealwax.app.doctor;

import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.dns.live.ResolverCheck;

/**
 * The resolvers: without answers that validate there is no DANE, and signed domains are deferred.
 */
record ResolverReview(CachingResolver resolver) implements SiteReview {
  @Override
  public List<SiteFinding> findings() throws InterruptedException {
    List<SiteFinding> found = new ArrayList<>();
    for (ResolverCheck check : resolver.checkResolvers()) {
      SiteFinding.Checked dns =
          SiteFinding.SiteCheck.RESOLVER.of(AddressText.of(check.resolver().getAddress()));
      found.add(
          switch (check.outcome()) {
            case VALIDATES -> dns.ok("its answers validate");
            case NOT_CHECKED -> dns.note(text(check));
            case NO_ANSWER, NO_ROOT -> dns.unknown(text(check));
            case REPLACED -> dns.note(text(check));
            case STRIPS_DNSSEC, INVALID ->
                dns.error(
                    text(check),
                    "run a validating resolver on this host (unbound, knot-resolver) and set",
                    "[dns] resolvers = [\"127.0.0.1\"]");
          });
    }
    return found;
  }

  private static String text(ResolverCheck check) {
    return check.text().isEmpty() ? check.toString() : check.text();
  }
}

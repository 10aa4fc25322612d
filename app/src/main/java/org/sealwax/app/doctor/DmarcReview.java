package org.sealwax.app.doctor;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dmarc.DmarcCheck;
import org.sealwax.mail.dmarc.DmarcPolicy;
import org.sealwax.mail.dmarc.DmarcPublication;
import org.sealwax.mail.dmarc.DmarcResult;
import org.sealwax.mail.dmarc.DmarcVerdict;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.router.records.MailRecords;

/**
 * DMARC of every domain that stands in From (RFC 9989): Microsoft's consumer service refuses bulk
 * mail of a domain without a record (550 5.7.515), and with one the domain cannot be forged.
 */
record DmarcReview(MailSite site, Resolver resolver) implements SiteReview {
  @Override
  public List<SiteFinding> findings() {
    return site.senderDomains().stream().map(this::of).toList();
  }

  private SiteFinding of(Domain domain) {
    SiteFinding.Checked dmarc = SiteFinding.SiteCheck.DMARC.of(domain);
    Optional<Domain> own = Domain.parse("_dmarc." + domain);
    String publish =
        own.map(_ -> MailRecords.dmarc(domain).line())
            .orElse("the name is too long for a record: publish one of the domain above");
    if (own.isPresent()) {
      DnsAnswer<String> texts = resolver.txt(own.get());
      switch (DmarcPublication.of(texts.records())) {
        case SEVERAL -> {
          return dmarc.error(
              "there are several DMARC records, and receivers ignore them all",
              "keep one TXT record at " + own.get());
        }
        case INVALID -> {
          return dmarc.error(
              "the record at " + own.get() + " is in error, and receivers ignore it", publish);
        }
        case RECORD, MISSING -> {}
      }
    }
    DmarcVerdict verdict = new DmarcCheck(resolver).ofUnauthenticated(domain);
    if (verdict.result() == DmarcResult.TEMPERROR) {
      return dmarc.lookupFailed(verdict.reason());
    }
    if (verdict.policyDomain().isEmpty()) {
      return dmarc.warning(verdict.reason(), publish);
    }
    String text =
        "p=" + verdict.policy().text() + ", by the record of " + verdict.policyDomain().get();
    return verdict.policy() == DmarcPolicy.NONE
        ? dmarc.note(text + ": receivers report, and refuse nothing")
        : dmarc.ok(text);
  }
}

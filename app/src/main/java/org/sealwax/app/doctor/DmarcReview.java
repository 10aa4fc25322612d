package org.sealwax.app.doctor;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dmarc.DmarcPolicy;
import org.sealwax.mail.dmarc.DmarcTreeWalk;
import org.sealwax.mail.dmarc.DmarcTreeWalk.PublishedRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;

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
    DmarcTreeWalk walk = DmarcTreeWalk.from(resolver, domain);
    Optional<PublishedRecord> record = walk.applicable();
    if (walk.failure().isPresent()) {
      return dmarc.lookupFailed(walk.failure().get());
    }
    Optional<Domain> own = Domain.parse("_dmarc." + domain);
    if (own.isPresent()) {
      DnsAnswer<String> texts = resolver.txt(own.get());
      long records = texts.records().stream().filter(DmarcReview::isMeant).count();
      if (records > 1) {
        return dmarc.error(
            "there are " + records + " DMARC records, and receivers ignore them all",
            "keep one TXT record at " + own.get());
      }
      if (records == 1 && walk.own().isEmpty()) {
        return dmarc.error(
            "the record at " + own.get() + " is in error, and receivers ignore it",
            own.get() + ". TXT \"v=DMARC1; p=none; rua=mailto:postmaster@" + domain + "\"");
      }
    }
    if (record.isEmpty()) {
      return dmarc.warning(
          "no DMARC record",
          "_dmarc." + domain + ". TXT \"v=DMARC1; p=none; rua=mailto:postmaster@" + domain + "\"");
    }
    DmarcPolicy policy = policy(domain, record.get());
    String text = "p=" + policy.text() + ", by the record of " + record.get().domain();
    return policy == DmarcPolicy.NONE
        ? dmarc.note(text + ": receivers report, and refuse nothing")
        : dmarc.ok(text);
  }

  private static DmarcPolicy policy(Domain domain, PublishedRecord record) {
    return record
        .record()
        .policies()
        .map(p -> record.domain().equals(domain) ? p.domain() : p.subdomains())
        .orElse(DmarcPolicy.NONE);
  }

  private static boolean isMeant(String text) {
    return text.strip().regionMatches(true, 0, "v=DMARC1", 0, "v=DMARC1".length());
  }
}

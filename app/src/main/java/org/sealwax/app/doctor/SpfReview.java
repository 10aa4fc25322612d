package org.sealwax.app.doctor;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.spf.SpfCheck;
import org.sealwax.mail.spf.SpfRecord;
import org.sealwax.mail.spf.SpfRequest;
import org.sealwax.mail.spf.SpfSender;
import org.sealwax.mail.spf.SpfVerdict;
import org.sealwax.router.records.MailRecords;

/**
 * SPF of every domain that stands in our reverse-paths, and of the name in EHLO, which counts for
 * the null reverse-path of bounces (RFC 7208 section 2.4): each of our addresses passes, and not
 * every address of the internet does.
 */
final class SpfReview implements SiteReview {
  private final MailSite site;
  private final Resolver resolver;

  SpfReview(MailSite site, Resolver resolver) {
    this.site = site;
    this.resolver = resolver;
  }

  @Override
  public List<SiteFinding> findings() {
    return site.senderDomains().stream().map(this::of).toList();
  }

  private SiteFinding of(Domain domain) {
    SiteFinding.Checked spf = SiteFinding.SiteCheck.SPF.of(domain);
    DnsAnswer<String> answer = resolver.txt(domain);
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      return spf.lookupFailed(answer.reason());
    }
    List<String> records = answer.records().stream().filter(SpfRecord::isVersion1).toList();
    if (records.isEmpty()) {
      return spf.error("no SPF record", MailRecords.spf(domain, site.sources()).line());
    }
    if (records.size() > 1) {
      return spf.error(
          "there are " + records.size() + " SPF records, an error for every receiver",
          "keep one of the TXT records that begin with v=spf1");
    }
    String record = records.getFirst();
    List<InetAddress> missing = new ArrayList<>();
    for (InetAddress source : site.sources()) {
      SpfVerdict verdict = verdict(domain, source);
      switch (verdict.result()) {
        case PASS -> {}
        case TEMPERROR -> {
          return spf.lookupFailed(verdict.reason());
        }
        case PERMERROR, NONE -> {
          return spf.error(
              "the record \"" + record + "\" is in error: " + verdict.reason(),
              MailRecords.spf(domain, site.sources()).line());
        }
        case FAIL, SOFTFAIL, NEUTRAL -> missing.add(source);
      }
    }
    if (!missing.isEmpty()) {
      return spf.error(
          "the record does not permit "
              + String.join(", ", missing.stream().map(AddressText::of).toList())
              + ", from which we send",
          MailRecords.spf(domain, record, missing).line());
    }
    if (permitsAll(record)) {
      return spf.warning(
          "the record permits every host of the internet: " + record,
          MailRecords.spf(domain, site.sources()).line());
    }
    return spf.ok(record);
  }

  private SpfVerdict verdict(Domain domain, InetAddress source) {
    return new SpfCheck(resolver)
        .of(
            new SpfRequest(
                source, new SpfSender("postmaster", Optional.of(domain)), site.hostname().name()));
  }

  private static boolean permitsAll(String record) {
    return SpfRecord.of(record) instanceof SpfRecord.Reading.Valid(SpfRecord read)
        && read.permitsAll();
  }
}

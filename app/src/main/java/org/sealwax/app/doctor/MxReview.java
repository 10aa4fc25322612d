package org.sealwax.app.doctor;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.records.MailRecords;

/**
 * Whether the MX records of our domains lead to this host. Those of the domain of rewritten senders
 * must: bounces of forwarded mail come back by them.
 */
record MxReview(MailSite site, Resolver resolver, RandomSource random) implements SiteReview {
  @Override
  public List<SiteFinding> findings() {
    Set<InetAddress> own = new HashSet<>(site.sources());
    addresses(site.hostname(), own);
    List<SiteFinding> found = new ArrayList<>();
    for (Domain domain : site.receiverDomains()) {
      found.add(of(domain, own));
    }
    return found;
  }

  private SiteFinding of(Domain domain, Set<InetAddress> own) {
    SiteFinding.Checked mx = SiteFinding.SiteCheck.MX.of(domain);
    String publish = MailRecords.mx(domain, site.hostname()).line();
    return switch (MxSet.of(domain, resolver.mx(domain), Set.of(), random)) {
      case MxSet.MxLookupFailed failed -> mx.lookupFailed(failed.reason());
      case MxSet.NoSuchDomain _ -> mx.error("the domain does not exist", publish);
      case MxSet.NullMx _ -> mx.error("the null MX record refuses all mail", publish);
      case MxSet.LoopsBack _ -> mx.ok("the MX host is this server");
      case MxSet.Hosts hosts when hosts.implicit() -> mx.error("no MX record", publish);
      case MxSet.Hosts hosts -> of(mx, domain, hosts, own, publish);
    };
  }

  private SiteFinding of(
      SiteFinding.Checked mx,
      Domain domain,
      MxSet.Hosts hosts,
      Set<InetAddress> own,
      String publish) {
    String failed = "";
    for (MxSet.MxHost host : hosts.targets()) {
      Set<InetAddress> addresses = new HashSet<>();
      failed = addresses(host.host(), addresses).orElse(failed);
      if (host.host().equals(site.hostname()) || addresses.stream().anyMatch(own::contains)) {
        return mx.ok(host.host() + " is this server");
      }
    }
    if (!failed.isEmpty()) {
      return mx.lookupFailed(failed);
    }
    String first = hosts.targets().getFirst().host().name();
    return site.rewriting().filter(domain::equals).isPresent()
        ? mx.error(
            "no MX host is this server (the first is "
                + first
                + "): bounces of forwarded mail do not come back",
            publish)
        : mx.warning(
            "no MX host is this server (the first is "
                + first
                + "): mail comes here only where that host passes it on",
            publish);
  }

  /** Adds the addresses of a name; the reason where a look-up failed. */
  private Optional<String> addresses(Domain name, Set<InetAddress> all) {
    String failed = null;
    for (AddressFamily family : AddressFamily.values()) {
      DnsAnswer<InetAddress> answer = resolver.addresses(name, family);
      all.addAll(answer.records());
      failed = answer.kind() == DnsAnswer.Kind.UNKNOWN ? answer.reason() : failed;
    }
    return Optional.ofNullable(failed);
  }
}

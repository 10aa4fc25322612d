package org.sealwax.router.reports.inbox;

import java.net.InetAddress;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;

/** Counts questions for TXT records on their way to another. */
record CountingResolver(Resolver next, int[] asked) implements Resolver {
  @Override
  public DnsAnswer<MxRecord> mx(Domain domain) {
    return next.mx(domain);
  }

  @Override
  public DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family) {
    return next.addresses(host, family);
  }

  @Override
  public DnsAnswer<String> txt(Domain name) {
    asked[0]++;
    return next.txt(name);
  }

  @Override
  public DnsAnswer<TlsaRecord> tlsa(Domain owner) {
    return next.tlsa(owner);
  }

  @Override
  public DnsAnswer<Domain> alias(Domain name) {
    return next.alias(name);
  }

  @Override
  public DnsAnswer<Domain> reverse(InetAddress address) {
    return next.reverse(address);
  }
}

package org.sealwax.router.hosting;

import java.net.InetAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;

/** Counts the look-ups of MX records. */
record CountingResolver(Resolver resolver, AtomicInteger asked) implements Resolver {
  @Override
  public DnsAnswer<MxRecord> mx(Domain domain) {
    asked.incrementAndGet();
    return resolver.mx(domain);
  }

  @Override
  public DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family) {
    return resolver.addresses(host, family);
  }

  @Override
  public DnsAnswer<String> txt(Domain name) {
    return resolver.txt(name);
  }

  @Override
  public DnsAnswer<TlsaRecord> tlsa(Domain owner) {
    return resolver.tlsa(owner);
  }

  @Override
  public DnsAnswer<Domain> alias(Domain name) {
    return resolver.alias(name);
  }

  @Override
  public DnsAnswer<Domain> reverse(InetAddress address) {
    return resolver.reverse(address);
  }
}

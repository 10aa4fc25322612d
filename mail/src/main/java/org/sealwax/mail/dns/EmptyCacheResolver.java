package org.sealwax.mail.dns;

import java.net.InetAddress;
import org.sealwax.mail.address.Domain;

/** The cache of a resolver without a cache. */
enum EmptyCacheResolver implements Resolver {
  RESOLVER;

  @Override
  public DnsAnswer<MxRecord> mx(Domain domain) {
    return DnsAnswer.notCached(domain);
  }

  @Override
  public DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family) {
    return DnsAnswer.notCached(host);
  }

  @Override
  public DnsAnswer<String> txt(Domain name) {
    return DnsAnswer.notCached(name);
  }

  @Override
  public DnsAnswer<TlsaRecord> tlsa(Domain owner) {
    return DnsAnswer.notCached(owner);
  }

  @Override
  public DnsAnswer<Domain> alias(Domain name) {
    return DnsAnswer.notCached(name);
  }

  @Override
  public DnsAnswer<Domain> reverse(InetAddress address) {
    return DnsAnswer.notCached(ReverseName.of(address));
  }
}

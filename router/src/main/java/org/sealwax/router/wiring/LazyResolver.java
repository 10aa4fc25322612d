package org.sealwax.router.wiring;

import java.net.InetAddress;
import java.util.function.Supplier;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Nsec3ParamRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;

/** A resolver whose library is loaded with the first query. */
public record LazyResolver(Supplier<? extends Resolver> resolver) implements Resolver {
  @Override
  public DnsAnswer<MxRecord> mx(Domain domain) {
    return resolver.get().mx(domain);
  }

  @Override
  public DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family) {
    return resolver.get().addresses(host, family);
  }

  @Override
  public DnsAnswer<String> txt(Domain name) {
    return resolver.get().txt(name);
  }

  @Override
  public DnsAnswer<TlsaRecord> tlsa(Domain owner) {
    return resolver.get().tlsa(owner);
  }

  @Override
  public DnsAnswer<Domain> alias(Domain name) {
    return resolver.get().alias(name);
  }

  @Override
  public void forget(Domain name) {
    resolver.get().forget(name);
  }

  @Override
  public Resolver cacheOnly() {
    return resolver.get().cacheOnly();
  }

  @Override
  public DnsAnswer<Domain> reverse(InetAddress address) {
    return resolver.get().reverse(address);
  }

  @Override
  public DnsAnswer<CaaRecord> caa(Domain name) {
    return resolver.get().caa(name);
  }

  @Override
  public DnsAnswer<Nsec3ParamRecord> nsec3param(Domain zone) {
    return resolver.get().nsec3param(zone);
  }
}

package org.sealwax.router.wiring;

import java.net.InetAddress;
import java.util.function.Supplier;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Caa;
import org.sealwax.mail.dns.Mx;
import org.sealwax.mail.dns.Nsec3Param;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Tlsa;

/** A resolver whose library is loaded with the first question. */
public record LateResolver(Supplier<? extends Resolver> resolver) implements Resolver {
  @Override
  public Answer<Mx> mx(Domain domain) {
    return resolver.get().mx(domain);
  }

  @Override
  public Answer<InetAddress> addresses(Domain host, Family family) {
    return resolver.get().addresses(host, family);
  }

  @Override
  public Answer<String> txt(Domain name) {
    return resolver.get().txt(name);
  }

  @Override
  public Answer<Tlsa> tlsa(Domain owner) {
    return resolver.get().tlsa(owner);
  }

  @Override
  public Answer<Domain> alias(Domain name) {
    return resolver.get().alias(name);
  }

  @Override
  public void forget(Domain name) {
    resolver.get().forget(name);
  }

  @Override
  public Resolver atHand() {
    return resolver.get().atHand();
  }

  @Override
  public Answer<Domain> reverse(InetAddress address) {
    return resolver.get().reverse(address);
  }

  @Override
  public Answer<Caa> caa(Domain name) {
    return resolver.get().caa(name);
  }

  @Override
  public Answer<Nsec3Param> nsec3param(Domain zone) {
    return resolver.get().nsec3param(zone);
  }
}

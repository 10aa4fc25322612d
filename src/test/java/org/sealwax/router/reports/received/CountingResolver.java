package org.sealwax.router.reports.received;

import java.net.InetAddress;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Mx;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Tlsa;

/** Counts questions for TXT records on their way to another. */
record CountingResolver(Resolver next, int[] asked) implements Resolver {
  @Override
  public Answer<Mx> mx(Domain domain) {
    return next.mx(domain);
  }

  @Override
  public Answer<InetAddress> addresses(Domain host, Family family) {
    return next.addresses(host, family);
  }

  @Override
  public Answer<String> txt(Domain name) {
    asked[0]++;
    return next.txt(name);
  }

  @Override
  public Answer<Tlsa> tlsa(Domain owner) {
    return next.tlsa(owner);
  }

  @Override
  public Answer<Domain> alias(Domain name) {
    return next.alias(name);
  }

  @Override
  public Answer<Domain> reverse(InetAddress address) {
    return next.reverse(address);
  }
}

package org.sealwax.mail.dns;

import java.net.InetAddress;
import org.sealwax.mail.address.Domain;

/** What a resolver without a memory has at hand. */
enum NothingAtHand implements Resolver {
  RESOLVER;

  @Override
  public Answer<Mx> mx(Domain domain) {
    return Answer.notAtHand(domain);
  }

  @Override
  public Answer<InetAddress> addresses(Domain host, Family family) {
    return Answer.notAtHand(host);
  }

  @Override
  public Answer<String> txt(Domain name) {
    return Answer.notAtHand(name);
  }

  @Override
  public Answer<Tlsa> tlsa(Domain owner) {
    return Answer.notAtHand(owner);
  }

  @Override
  public Answer<Domain> alias(Domain name) {
    return Answer.notAtHand(name);
  }

  @Override
  public Answer<Domain> reverse(InetAddress address) {
    return Answer.notAtHand(ReverseName.of(address));
  }
}

package org.sealwax.mail.dns.live;

import java.net.InetAddress;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Caa;
import org.sealwax.mail.dns.Mx;
import org.sealwax.mail.dns.Nsec3Param;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.ReverseName;
import org.sealwax.mail.dns.Tlsa;
import org.xbill.DNS.Type;

/** The questions of mail as names and types. */
public abstract class Questions implements Resolver {
  /** The answer to a question about a name of the DNS. */
  abstract Answer<?> answer(Question question);

  private <T> Answer<T> ask(Domain name, int type, Class<T> data) {
    Answer<?> fixed = Reserved.answer(name, type);
    Answer<?> answer = fixed == null ? answer(new Question(name, type)) : fixed;
    if (!answer.records().stream().allMatch(data::isInstance)) {
      throw new IllegalStateException("a record of another type than " + data);
    }
    @SuppressWarnings("unchecked") // each record has just been looked at
    Answer<T> typed = (Answer<T>) answer;
    return typed;
  }

  @Override
  public Answer<Mx> mx(Domain domain) {
    return ask(domain, Type.MX, Mx.class);
  }

  @Override
  public Answer<InetAddress> addresses(Domain host, Family family) {
    return switch (family) {
      case IPV4 -> ask(host, Type.A, InetAddress.class);
      case IPV6 -> ask(host, Type.AAAA, InetAddress.class);
    };
  }

  @Override
  public Answer<String> txt(Domain name) {
    return ask(name, Type.TXT, String.class);
  }

  @Override
  public Answer<Tlsa> tlsa(Domain owner) {
    return ask(owner, Type.TLSA, Tlsa.class);
  }

  @Override
  public Answer<Domain> alias(Domain name) {
    return ask(name, Type.CNAME, Domain.class);
  }

  @Override
  public Answer<Domain> reverse(InetAddress address) {
    return ask(ReverseName.of(address), Type.PTR, Domain.class);
  }

  @Override
  public Answer<Caa> caa(Domain name) {
    return ask(name, Type.CAA, Caa.class);
  }

  @Override
  public Answer<Nsec3Param> nsec3param(Domain zone) {
    return ask(zone, Type.NSEC3PARAM, Nsec3Param.class);
  }
}

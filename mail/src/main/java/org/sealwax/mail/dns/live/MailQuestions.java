package org.sealwax.mail.dns.live;

import java.net.InetAddress;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Nsec3ParamRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.ReverseName;
import org.sealwax.mail.dns.TlsaRecord;
import org.xbill.DNS.Type;

/** The questions of mail as names and types. */
public abstract class MailQuestions implements Resolver {
  /** The answer to a question about a name of the DNS. */
  abstract DnsAnswer<?> answer(DnsQuestion question);

  private <T> DnsAnswer<T> lookUp(Domain name, int type, Class<T> data) {
    DnsAnswer<?> fixed = SpecialUseNames.answer(name, type);
    DnsAnswer<?> answer = fixed == null ? answer(new DnsQuestion(name, type)) : fixed;
    if (!answer.records().stream().allMatch(data::isInstance)) {
      throw new IllegalStateException("a record of another type than " + data);
    }
    @SuppressWarnings("unchecked") // the type of each record has just been checked
    DnsAnswer<T> typed = (DnsAnswer<T>) answer;
    return typed;
  }

  @Override
  public DnsAnswer<MxRecord> mx(Domain domain) {
    return lookUp(domain, Type.MX, MxRecord.class);
  }

  @Override
  public DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family) {
    return switch (family) {
      case IPV4 -> lookUp(host, Type.A, InetAddress.class);
      case IPV6 -> lookUp(host, Type.AAAA, InetAddress.class);
    };
  }

  @Override
  public DnsAnswer<String> txt(Domain name) {
    return lookUp(name, Type.TXT, String.class);
  }

  @Override
  public DnsAnswer<TlsaRecord> tlsa(Domain owner) {
    return lookUp(owner, Type.TLSA, TlsaRecord.class);
  }

  @Override
  public DnsAnswer<Domain> alias(Domain name) {
    return lookUp(name, Type.CNAME, Domain.class);
  }

  @Override
  public DnsAnswer<Domain> reverse(InetAddress address) {
    return lookUp(ReverseName.of(address), Type.PTR, Domain.class);
  }

  @Override
  public DnsAnswer<CaaRecord> caa(Domain name) {
    return lookUp(name, Type.CAA, CaaRecord.class);
  }

  @Override
  public DnsAnswer<Nsec3ParamRecord> nsec3param(Domain zone) {
    return lookUp(zone, Type.NSEC3PARAM, Nsec3ParamRecord.class);
  }
}

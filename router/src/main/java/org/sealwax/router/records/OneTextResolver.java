package org.sealwax.router.records;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;

/**
 * The DNS with the TXT record of one name as one server has it.
 *
 * @param others answers everything else
 * @param name the name
 * @param text its only TXT record
 */
record OneTextResolver(Resolver others, Domain name, String text) implements Resolver {
  @Override
  public DnsAnswer<MxRecord> mx(Domain domain) {
    return others.mx(domain);
  }

  @Override
  public DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family) {
    return others.addresses(host, family);
  }

  @Override
  public DnsAnswer<String> txt(Domain of) {
    return of.equals(name)
        ? new DnsAnswer<>(
            List.of(text), DnsAnswer.Kind.FOUND, DnssecStatus.INSECURE, name, 0, Duration.ZERO, "")
        : others.txt(of);
  }

  @Override
  public DnsAnswer<TlsaRecord> tlsa(Domain owner) {
    return others.tlsa(owner);
  }

  @Override
  public DnsAnswer<Domain> alias(Domain of) {
    return others.alias(of);
  }

  @Override
  public DnsAnswer<Domain> reverse(InetAddress address) {
    return others.reverse(address);
  }

  @Override
  public DnsAnswer<CaaRecord> caa(Domain of) {
    return others.caa(of);
  }
}

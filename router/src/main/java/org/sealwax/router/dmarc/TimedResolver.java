package org.sealwax.router.dmarc;

import java.net.InetAddress;
import java.time.Duration;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.ReverseName;
import org.sealwax.mail.dns.TlsaRecord;

/** Asks nothing more once the time limit of a message has passed. */
final class TimedResolver implements Resolver {
  private static final String LATE = "the time limit has passed";

  private final Resolver resolver;
  private volatile boolean ended;

  TimedResolver(Resolver resolver) {
    this.resolver = resolver;
  }

  /** The time limit has passed. */
  void end() {
    ended = true;
  }

  private static <T> DnsAnswer<T> late(Domain name) {
    return DnsAnswer.unknown(DnssecStatus.FAILED, name, 0, Duration.ZERO, LATE);
  }

  @Override
  public DnsAnswer<MxRecord> mx(Domain domain) {
    return ended ? late(domain) : resolver.mx(domain);
  }

  @Override
  public DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family) {
    return ended ? late(host) : resolver.addresses(host, family);
  }

  @Override
  public DnsAnswer<String> txt(Domain name) {
    return ended ? late(name) : resolver.txt(name);
  }

  @Override
  public DnsAnswer<TlsaRecord> tlsa(Domain owner) {
    return ended ? late(owner) : resolver.tlsa(owner);
  }

  @Override
  public DnsAnswer<Domain> alias(Domain name) {
    return ended ? late(name) : resolver.alias(name);
  }

  @Override
  public DnsAnswer<Domain> reverse(InetAddress address) {
    return ended ? late(ReverseName.of(address)) : resolver.reverse(address);
  }
}

package org.sealwax.mail.dns;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Scope;

/**
 * The address answers of one host, with their security.
 *
 * @param ipv4 to A; a denial when the family is switched off
 * @param ipv6 to AAAA; likewise
 */
public record HostAddresses(DnsAnswer<InetAddress> ipv4, DnsAnswer<InetAddress> ipv6) {
  /**
   * Which families are asked for.
   *
   * @param ipv4 whether IPv4 is used
   * @param ipv6 whether IPv6 is used
   */
  public record Families(boolean ipv4, boolean ipv6) {}

  /**
   * Asks for both families side by side.
   *
   * @param resolver answers the DNS questions
   * @param host the host
   * @param families which families are asked for
   * @return both answers
   * @throws InterruptedException when the thread is interrupted
   */
  public static HostAddresses of(Resolver resolver, Domain host, Families families)
      throws InterruptedException {
    if (!families.ipv6()) {
      return new HostAddresses(
          resolver.addresses(host, Resolver.AddressFamily.IPV4), switchedOff(host));
    }
    if (!families.ipv4()) {
      return new HostAddresses(
          switchedOff(host), resolver.addresses(host, Resolver.AddressFamily.IPV6));
    }
    Resolver memory = resolver.cacheOnly();
    DnsAnswer<InetAddress> fourAtHand = memory.addresses(host, Resolver.AddressFamily.IPV4);
    DnsAnswer<InetAddress> sixAtHand = memory.addresses(host, Resolver.AddressFamily.IPV6);
    if (fourAtHand.isResolved() && sixAtHand.isResolved()) {
      return new HostAddresses(fourAtHand, sixAtHand);
    }
    try (Scope scope = new Scope("addresses")) {
      Scope.ForkedTask<DnsAnswer<InetAddress>> six =
          scope.fork(() -> resolver.addresses(host, Resolver.AddressFamily.IPV6));
      DnsAnswer<InetAddress> four = resolver.addresses(host, Resolver.AddressFamily.IPV4);
      scope.join();
      return new HostAddresses(four, six.get());
    }
  }

  private static DnsAnswer<InetAddress> switchedOff(Domain host) {
    return new DnsAnswer<>(
        List.of(), DnsAnswer.Kind.NO_DATA, DnssecStatus.INSECURE, host, 0, Duration.ZERO, "");
  }

  /**
   * {@return IPv6 and IPv4 by turns, IPv6 first (RFC 8305 section 4), at most {@code most}}
   *
   * @param most how many addresses
   */
  public List<InetAddress> interleaved(int most) {
    List<InetAddress> out = new ArrayList<>();
    int longest = Math.max(ipv4.records().size(), ipv6.records().size());
    for (int i = 0; i < longest && out.size() < most; i++) {
      if (i < ipv6.records().size()) {
        out.add(ipv6.records().get(i));
      }
      if (i < ipv4.records().size() && out.size() < most) {
        out.add(ipv4.records().get(i));
      }
    }
    return out;
  }

  /** {@return whether one of the look-ups failed: then no addresses is not "has no address"} */
  public boolean isUncertain() {
    return ipv4.kind() == DnsAnswer.Kind.UNKNOWN || ipv6.kind() == DnsAnswer.Kind.UNKNOWN;
  }

  /** {@return why nothing is known, for logs} */
  public String failureReason() {
    return ipv4.kind() == DnsAnswer.Kind.UNKNOWN ? ipv4.reason() : ipv6.reason();
  }
}

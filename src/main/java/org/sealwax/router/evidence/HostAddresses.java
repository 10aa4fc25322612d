package org.sealwax.router.evidence;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.net.Scope;

/**
 * The address answers of one host, with their security.
 *
 * @param ipv4 to A; a denial when the family is switched off
 * @param ipv6 to AAAA; likewise
 */
public record HostAddresses(Answer<InetAddress> ipv4, Answer<InetAddress> ipv6) {
  /** Which families are asked for. */
  public record Families(boolean ipv4, boolean ipv6) {}

  /** Asks for both families side by side. */
  public static HostAddresses of(Resolver resolver, Domain host, Families families)
      throws InterruptedException {
    if (!families.ipv6()) {
      return new HostAddresses(resolver.addresses(host, Resolver.Family.IPV4), switchedOff(host));
    }
    if (!families.ipv4()) {
      return new HostAddresses(switchedOff(host), resolver.addresses(host, Resolver.Family.IPV6));
    }
    Resolver memory = resolver.atHand();
    Answer<InetAddress> fourAtHand = memory.addresses(host, Resolver.Family.IPV4);
    Answer<InetAddress> sixAtHand = memory.addresses(host, Resolver.Family.IPV6);
    if (fourAtHand.isAtHand() && sixAtHand.isAtHand()) {
      return new HostAddresses(fourAtHand, sixAtHand);
    }
    try (Scope scope = new Scope("addresses")) {
      Scope.Task<Answer<InetAddress>> six =
          scope.fork(() -> resolver.addresses(host, Resolver.Family.IPV6));
      Answer<InetAddress> four = resolver.addresses(host, Resolver.Family.IPV4);
      scope.join();
      return new HostAddresses(four, six.get());
    }
  }

  private static Answer<InetAddress> switchedOff(Domain host) {
    return new Answer<>(
        List.of(), Answer.Kind.NO_DATA, Security.INSECURE, host, 0, Duration.ZERO, "");
  }

  /** IPv6 and IPv4 by turns, IPv6 first (RFC 8305 section 4), at most {@code most}. */
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

  /** Whether one of the answers says nothing: then no addresses is not "has no address". */
  public boolean isUncertain() {
    return ipv4.kind() == Answer.Kind.UNKNOWN || ipv6.kind() == Answer.Kind.UNKNOWN;
  }

  /** Why nothing is known, for logs. */
  public String trouble() {
    return ipv4.kind() == Answer.Kind.UNKNOWN ? ipv4.reason() : ipv6.reason();
  }
}

package org.sealwax.assess;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;

/**
 * One host that takes the target's mail, with the DNS answers for its addresses.
 *
 * @param host null when only an address was given
 * @param preference as published; 0 when implicit or not by MX
 * @param lookups the answers for A and AAAA; empty when the addresses were given
 * @param addresses at most {@link #MAX_ADDRESSES}, IPv4 first
 */
public record TargetMxHost(
    @Nullable Domain host,
    int preference,
    List<DnsAnswer<InetAddress>> lookups,
    List<InetAddress> addresses) {
  /**
   * Maximum number of addresses scanned of one host; another domain writes the list, and each
   * address costs time.
   */
  public static final int MAX_ADDRESSES = 16;

  /** Copies and cuts. */
  public TargetMxHost {
    lookups = List.copyOf(lookups);
    addresses = List.copyOf(addresses.subList(0, Math.min(MAX_ADDRESSES, addresses.size())));
  }

  /** The host's name, if it has one. */
  public Optional<Domain> named() {
    return Optional.ofNullable(host);
  }

  /** Why it is not known whether there are (more) addresses; empty where each look-up succeeded. */
  public Optional<String> failedLookup() {
    return lookups.stream()
        .filter(l -> l.kind() == DnsAnswer.Kind.UNKNOWN)
        .map(DnsAnswer::reason)
        .findFirst();
  }

  /** With the addresses that these answers have. */
  public static TargetMxHost of(Domain host, int preference, List<DnsAnswer<InetAddress>> lookups) {
    List<InetAddress> all = new ArrayList<>();
    lookups.forEach(l -> all.addAll(l.records()));
    return new TargetMxHost(host, preference, lookups, all.stream().distinct().toList());
  }
}

package org.sealwax.mail.net;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Cidr;

/**
 * One block of addresses that no public mail host uses: the special-purpose registries of IANA (RFC
 * 6890) and what has been added since. Names in hostile DNS must not make us connect there: to
 * services behind our own firewall, or on this very machine.
 *
 * @param block the addresses
 * @param name what they are for
 * @param source the RFC that sets them aside
 */
public record SpecialUse(Cidr block, String name, String source) {
  private static final List<SpecialUse> BLOCKS =
      List.of(
          row("0.0.0.0/8", "this network", "RFC 791"),
          row("10.0.0.0/8", "private use", "RFC 1918"),
          row("100.64.0.0/10", "shared address space", "RFC 6598"),
          row("127.0.0.0/8", "loopback", "RFC 1122"),
          row("169.254.0.0/16", "link-local", "RFC 3927"),
          row("172.16.0.0/12", "private use", "RFC 1918"),
          row("192.0.0.0/24", "protocol assignments", "RFC 6890"),
          row("192.0.2.0/24", "documentation", "RFC 5737"),
          row("192.31.196.0/24", "AS112", "RFC 7535"),
          row("192.52.193.0/24", "AMT", "RFC 7450"),
          row("192.88.99.0/24", "6to4 relay, deprecated", "RFC 7526"),
          row("192.168.0.0/16", "private use", "RFC 1918"),
          row("192.175.48.0/24", "AS112", "RFC 7534"),
          row("198.18.0.0/15", "benchmarking", "RFC 2544"),
          row("198.51.100.0/24", "documentation", "RFC 5737"),
          row("203.0.113.0/24", "documentation", "RFC 5737"),
          row("224.0.0.0/4", "multicast", "RFC 5771"),
          row("240.0.0.0/4", "reserved and broadcast", "RFC 1112"),
          row("::1/128", "loopback", "RFC 4291"),
          row("::/96", "unspecified and IPv4-compatible", "RFC 4291"),
          row("64:ff9b:1::/48", "local-use translation", "RFC 8215"),
          row("100::/64", "discard-only", "RFC 6666"),
          row("2001::/23", "protocol assignments, Teredo, ORCHID", "RFC 2928"),
          row("2001:db8::/32", "documentation", "RFC 3849"),
          row("2002::/16", "6to4", "RFC 7526"),
          row("2620:4f:8000::/48", "AS112", "RFC 7534"),
          row("3fff::/20", "documentation", "RFC 9637"),
          row("5f00::/16", "segment routing", "RFC 9602"),
          row("fc00::/7", "unique local", "RFC 4193"),
          row("fe80::/10", "link-local", "RFC 4291"),
          row("fec0::/10", "site-local, deprecated", "RFC 3879"),
          row("ff00::/8", "multicast", "RFC 4291"));

  /** RFC 6052 2.1: the last 32 bits are an IPv4 address, and that is what is reached. */
  private static final Cidr TRANSLATED = cidr("64:ff9b::/96");

  /** RFC 4291 2.4, and all that IANA has given out: the rest of IPv6 is unassigned. */
  private static final SpecialUse GLOBAL_UNICAST =
      row("2000::/3", "not global unicast", "RFC 4291");

  private static SpecialUse row(String block, String name, String source) {
    return new SpecialUse(cidr(block), name, source);
  }

  private static Cidr cidr(String text) {
    return Cidr.parse(text).orElseThrow();
  }

  /** {@return the table, for documentation and tests} */
  public static List<SpecialUse> blocks() {
    return BLOCKS;
  }

  /**
   * {@return the block an address is in; empty for an ordinary public address} An IPv4-mapped
   * address is judged as the IPv4 address it is, a translated one (NAT64) by the IPv4 address
   * inside.
   *
   * @param address the IP address
   */
  public static Optional<SpecialUse> of(InetAddress address) {
    InetAddress plain = plain(address.getAddress());
    for (SpecialUse use : BLOCKS) {
      if (use.block.contains(plain)) {
        return Optional.of(use);
      }
    }
    if (plain instanceof Inet4Address) {
      return Optional.empty();
    }
    if (TRANSLATED.contains(plain)) {
      byte[] bytes = plain.getAddress();
      return of(plain(Arrays.copyOfRange(bytes, 12, 16)));
    }
    return GLOBAL_UNICAST.block.contains(plain) ? Optional.empty() : Optional.of(GLOBAL_UNICAST);
  }

  /** Without scope, and IPv4 where it is IPv4-mapped (RFC 4291 2.5.5.2): the JDK's own rule. */
  static InetAddress plain(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("4 or 16 bytes", e);
    }
  }

  @Override
  public String toString() {
    return block + " (" + name + ", " + source + ")";
  }
}

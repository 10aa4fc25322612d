package org.sealwax.mail.spf;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Optional;
import org.sealwax.mail.address.Cidr;

/** What a directive matches (RFC 7208 5). */
public sealed interface SpfMechanism {
  /** Every client. */
  record All() implements SpfMechanism {}

  /**
   * Clients that pass for another domain.
   *
   * @param target the other domain
   */
  record Include(SpfMacroString target) implements SpfMechanism {}

  /**
   * Addresses of a host.
   *
   * @param target the host; the domain itself when empty
   * @param prefixes how much of an address counts
   */
  record Host(Optional<SpfMacroString> target, DualPrefix prefixes) implements SpfMechanism {}

  /**
   * Addresses of the MX hosts of a domain.
   *
   * @param target the domain; the domain itself when empty
   * @param prefixes how much of an address counts
   */
  record MailExchanger(Optional<SpfMacroString> target, DualPrefix prefixes)
      implements SpfMechanism {}

  /**
   * Clients whose validated name is in a domain.
   *
   * @param target the domain; the domain itself when empty
   */
  record ReverseNames(Optional<SpfMacroString> target) implements SpfMechanism {}

  /**
   * A network; an IPv4 client is never in an IPv6 network (RFC 7208 5).
   *
   * @param network of either family
   */
  record Network(Cidr network) implements SpfMechanism {}

  /**
   * Any client while a name has an A record.
   *
   * @param target the name
   */
  record Exists(SpfMacroString target) implements SpfMechanism {}

  /**
   * Lengths of prefixes by family (RFC 7208 5.3).
   *
   * @param ipv4 0 to 32
   * @param ipv6 0 to 128
   */
  record DualPrefix(int ipv4, int ipv6) {
    /**
     * {@return the network of these many bits around an address}
     *
     * @param address of either family
     */
    public Cidr around(InetAddress address) {
      return new Cidr(address, address instanceof Inet4Address ? ipv4 : ipv6);
    }
  }
}

package org.sealwax.mail.address;

import java.net.InetAddress;
import java.util.Optional;

/**
 * A network: address and prefix length in bits (RFC 4632, RFC 4291 2.3).
 *
 * @param network an address inside the network
 * @param prefix number of leading bits that count, 0 to 32 or 0 to 128
 */
public record Cidr(InetAddress network, int prefix) {
  /** Checks the prefix against the family. */
  public Cidr {
    if (prefix < 0 || prefix > network.getAddress().length * 8) {
      throw new IllegalArgumentException("prefix out of range: " + prefix);
    }
  }

  /**
   * Reads {@code 192.0.2.0/24}, {@code 2001:db8::/32}, or one address; never asks the DNS.
   *
   * @param text the text to read
   * @return the network; empty when the text is none
   */
  public static Optional<Cidr> parse(String text) {
    int slash = text.indexOf('/');
    String address = slash < 0 ? text : text.substring(0, slash);
    try {
      InetAddress network = InetAddress.ofLiteral(address);
      int bits = network.getAddress().length * 8;
      return Optional.of(
          new Cidr(network, slash < 0 ? bits : Integer.parseInt(text.substring(slash + 1))));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /**
   * {@return whether {@code address} is of this family and inside the network}
   *
   * @param address the IP address
   */
  public boolean contains(InetAddress address) {
    byte[] a = address.getAddress();
    byte[] n = network.getAddress();
    if (a.length != n.length) {
      return false;
    }
    int whole = prefix / 8;
    for (int i = 0; i < whole; i++) {
      if (a[i] != n[i]) {
        return false;
      }
    }
    int rest = prefix % 8;
    return rest == 0 || ((a[whole] ^ n[whole]) & (0xff << (8 - rest)) & 0xff) == 0;
  }

  @Override
  public String toString() {
    return AddressText.of(network) + "/" + prefix;
  }
}

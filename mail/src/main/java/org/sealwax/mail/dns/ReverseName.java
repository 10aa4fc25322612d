package org.sealwax.mail.dns;

import java.net.InetAddress;
import org.sealwax.mail.address.Domain;

/** The name of an address's PTR records (RFC 1035 3.5, RFC 3596 2.5). */
public final class ReverseName {
  private ReverseName() {}

  /**
   * {@code 1.2.0.192.in-addr.arpa} or the nibbles under {@code ip6.arpa}.
   *
   * @param address the IP address
   * @return the name for a PTR question
   */
  public static Domain of(InetAddress address) {
    byte[] bytes = address.getAddress();
    StringBuilder name = new StringBuilder(72);
    for (int i = bytes.length - 1; i >= 0; i--) {
      int value = bytes[i] & 0xff;
      if (bytes.length == 4) {
        name.append(value).append('.');
      } else {
        name.append(Character.forDigit(value & 15, 16)).append('.');
        name.append(Character.forDigit(value >> 4, 16)).append('.');
      }
    }
    return new Domain(name.append(bytes.length == 4 ? "in-addr.arpa" : "ip6.arpa").toString());
  }
}

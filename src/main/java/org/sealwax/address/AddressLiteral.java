package org.sealwax.address;

import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * An address in brackets where a domain could stand: {@code [192.0.2.1]}, {@code
 * [IPv6:2001:db8::1]} (RFC 5321 4.1.3).
 */
public record AddressLiteral(InetAddress address) implements MailHost {
  /** The form with brackets, as it stands in SMTP. */
  @Override
  public String toString() {
    if (address instanceof Inet4Address) {
      // The four numbers at once: a route to an address is written several times for each message.
      byte[] octets = address.getAddress();
      return new StringBuilder(17)
          .append('[')
          .append(octets[0] & 0xff)
          .append('.')
          .append(octets[1] & 0xff)
          .append('.')
          .append(octets[2] & 0xff)
          .append('.')
          .append(octets[3] & 0xff)
          .append(']')
          .toString();
    }
    String text = address.getHostAddress();
    int zone = text.indexOf('%');
    String plain = zone < 0 ? text : text.substring(0, zone);
    return "[IPv6:" + plain + "]";
  }
}

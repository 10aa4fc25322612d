package org.sealwax.mail.address;

import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * An address in brackets where a domain could stand: {@code [192.0.2.1]}, {@code
 * [IPv6:2001:db8::1]} (RFC 5321 4.1.3).
 *
 * @param address the IP address
 */
public record AddressLiteral(InetAddress address) implements MailHost {
  /** The form with brackets, as it stands in SMTP. */
  @Override
  public String toString() {
    if (address instanceof Inet4Address) {
      // The four numbers at once: a route to an address is written several times for each message.
      byte[] bytes = address.getAddress();
      return "["
          + (bytes[0] & 0xff)
          + "."
          + (bytes[1] & 0xff)
          + "."
          + (bytes[2] & 0xff)
          + "."
          + (bytes[3] & 0xff)
          + "]";
    }
    String text = address.getHostAddress();
    int zone = text.indexOf('%');
    String plain = zone < 0 ? text : text.substring(0, zone);
    return "[IPv6:" + plain + "]";
  }
}

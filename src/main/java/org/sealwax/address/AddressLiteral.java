package org.sealwax.address;

import java.net.Inet6Address;
import java.net.InetAddress;

/**
 * An address in brackets where a domain could stand: {@code [192.0.2.1]}, {@code
 * [IPv6:2001:db8::1]} (RFC 5321 4.1.3).
 */
public record AddressLiteral(InetAddress address) implements MailHost {
  /** The form with brackets, as it stands in SMTP. */
  @Override
  public String toString() {
    String text = address.getHostAddress();
    int zone = text.indexOf('%');
    String plain = zone < 0 ? text : text.substring(0, zone);
    return address instanceof Inet6Address ? "[IPv6:" + plain + "]" : "[" + plain + "]";
  }
}

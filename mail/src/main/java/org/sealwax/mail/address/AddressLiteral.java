package org.sealwax.mail.address;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An address in brackets where a domain could stand: {@code [192.0.2.1]}, {@code
 * [IPv6:2001:db8::1]} (RFC 5321 4.1.3; the text of the address by RFC 5952).
 *
 * @param address the IP address
 */
public record AddressLiteral(InetAddress address) implements MailHost {
  private static final String TAG = "[IPv6:";
  private static final Pattern IPV6 = Pattern.compile("\\[IPv6:([0-9a-fA-F:.]+)]");

  /** The form with brackets, as it stands in SMTP. */
  @Override
  public String toString() {
    if (address instanceof Inet4Address) {
      // All four numbers together: a route to an address is written several times for each message.
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
    return TAG + AddressText.of(address) + "]";
  }

  /**
   * {@return a text in which each IPv6 literal has the form of {@link #toString}}
   *
   * @param text a reverse-path, or the key of a next hop
   */
  public static String shortened(String text) {
    return rewritten(text, AddressText::of);
  }

  /**
   * {@return a text in which each IPv6 literal has all eight groups, as stores have it since before
   * RFC 5952 was followed: what they keep must match what is looked for}
   *
   * @param text a reverse-path, or the key of a next hop
   */
  public static String expanded(String text) {
    return rewritten(text, AddressLiteral::groups);
  }

  /** Eight groups without leading zeros; a zone has no meaning beyond this machine. */
  private static String groups(InetAddress address) {
    String text = address.getHostAddress();
    int zone = text.indexOf('%');
    return zone < 0 ? text : text.substring(0, zone);
  }

  private static String rewritten(String text, Function<InetAddress, String> form) {
    if (!text.contains(TAG)) {
      return text; // nearly all
    }
    return IPV6.matcher(text)
        .replaceAll(
            found -> {
              try {
                return TAG + form.apply(InetAddress.ofLiteral(found.group(1))) + "]";
              } catch (IllegalArgumentException e) {
                return Matcher.quoteReplacement(found.group());
              }
            });
  }
}

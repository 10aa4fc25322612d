package org.sealwax.mail.address;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.stream.Collectors;

/** IP addresses as people read them. */
public final class AddressText {
  private static final int GROUPS = 8;

  /** RFC 5952 section 4.2.2: one group alone is not shortened. */
  private static final int LEAST_RUN = 2;

  private AddressText() {}

  /**
   * The text of an address, by RFC 5952 section 4.
   *
   * @param address of either family
   * @return {@code 192.0.2.1}, {@code 2001:db8::1}; without a zone
   */
  public static String of(InetAddress address) {
    if (address instanceof Inet4Address) {
      return address.getHostAddress();
    }
    byte[] bytes = address.getAddress();
    int[] groups = new int[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
      groups[i] = (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff);
    }
    int longest = 0;
    int length = LEAST_RUN - 1;
    for (int i = 0; i < GROUPS; i++) {
      int zeros = zeros(groups, i);
      if (zeros > length) {
        longest = i;
        length = zeros;
      }
    }
    if (length < LEAST_RUN) {
      return joined(groups);
    }
    int[] before = Arrays.copyOfRange(groups, 0, longest);
    int[] after = Arrays.copyOfRange(groups, longest + length, GROUPS);
    return joined(before) + "::" + joined(after);
  }

  /**
   * {@return the same with the zone of a link-local address, which is a part of an address to
   * listen at}
   *
   * @param address of either family
   */
  public static String withZone(InetAddress address) {
    String full = address.getHostAddress();
    int zone = full.indexOf('%');
    return zone < 0 ? of(address) : of(address) + full.substring(zone);
  }

  /**
   * {@return {@code 192.0.2.1:25} or {@code [2001:db8::1]:25}}
   *
   * @param at a resolved address and its port
   */
  public static String of(InetSocketAddress at) {
    String host = withZone(at.getAddress());
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + at.getPort();
  }

  /** How many groups from this one on are zero. */
  private static int zeros(int[] groups, int from) {
    int end = from;
    while (end < GROUPS && groups[end] == 0) {
      end++;
    }
    return end - from;
  }

  private static String joined(int[] groups) {
    return Arrays.stream(groups).mapToObj(Integer::toHexString).collect(Collectors.joining(":"));
  }
}

package org.sealwax.router.wiring;

import java.net.InetSocketAddress;

/** Addresses to listen at, as the configuration has them. */
public final class ListenAddress {
  private ListenAddress() {}

  /** {@code *:25}, {@code 192.0.2.1:25} or {@code [2001:db8::1]:25}. */
  public static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    boolean all = address.getAddress().isAnyLocalAddress();
    return (all ? "*" : host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
  }
}

package org.sealwax.router.config;

import java.net.Inet6Address;
import java.net.InetSocketAddress;

/** Addresses as they are written in the file. */
final class ListenAddresses {
  private ListenAddresses() {}

  static String text(InetSocketAddress address) {
    if (address.getAddress().isAnyLocalAddress()) {
      return "*:" + address.getPort();
    }
    String host = address.getAddress().getHostAddress();
    return (address.getAddress() instanceof Inet6Address ? "[" + host + "]" : host)
        + ":"
        + address.getPort();
  }
}

package org.sealwax.router.wiring;

import java.net.InetSocketAddress;
import org.sealwax.mail.address.AddressText;

/** Addresses to listen at, as the configuration has them. */
public final class ListenAddress {
  private ListenAddress() {}

  /** {@code *:25}, {@code 192.0.2.1:25} or {@code [2001:db8::1]:25}. */
  public static String text(InetSocketAddress address) {
    return address.getAddress().isAnyLocalAddress()
        ? "*:" + address.getPort()
        : AddressText.of(address);
  }
}

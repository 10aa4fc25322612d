package org.sealwax.assess.model;

import java.net.InetAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;

/**
 * Where something was seen: the whole domain, one host, or one address and port of one host.
 *
 * @param host null for the domain as a whole
 * @param address null for the domain or the host as a whole
 * @param port 0 where there is no address
 */
public record FindingLocation(@Nullable Domain host, @Nullable InetAddress address, int port) {
  /** Checks that an address has a port and nothing else has one. */
  public FindingLocation {
    if ((address == null) != (port == 0) || port < 0 || port > 65_535) {
      throw new IllegalArgumentException(address + " " + port);
    }
  }

  /** The domain as a whole. */
  public static FindingLocation domain() {
    return new FindingLocation(null, null, 0);
  }

  /** One host as a whole. */
  public static FindingLocation of(Domain host) {
    return new FindingLocation(host, null, 0);
  }

  /** One address of one host. */
  public static FindingLocation of(Domain host, InetAddress address, int port) {
    return new FindingLocation(host, address, port);
  }

  /** The host, unless this is the domain as a whole or an address without a name. */
  public Optional<Domain> hostName() {
    return Optional.ofNullable(host);
  }

  /**
   * Whether what is seen at {@code this} also counts for {@code inner}: it is the same or wider.
   */
  public boolean covers(FindingLocation inner) {
    if (host == null && address == null) {
      return true;
    }
    if (address == null) {
      return host != null && host.equals(inner.host);
    }
    return equals(inner);
  }

  /** {@code mx.example.org [192.0.2.1]:25}, {@code mx.example.org}, or {@code domain}. */
  public String text() {
    if (address == null) {
      return host == null ? "domain" : host.name();
    }
    return (host == null ? "" : host.name() + " ") + "[" + AddressText.of(address) + "]:" + port;
  }
}

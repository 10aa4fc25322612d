package org.sealwax.assess.serve;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.http.HttpField;
import org.sealwax.mail.http.HttpRequest;

/**
 * The address of the client behind a reverse proxy. Only proxies that the operator names are
 * trusted, and of what they pass on only what they have added themselves: any client can send the
 * rest.
 *
 * @param proxies networks of trusted proxies
 */
record ClientAddress(List<Cidr> proxies) {
  private static final String FIELD = "x-forwarded-for";

  /** Copies. */
  ClientAddress {
    proxies = List.copyOf(proxies);
  }

  /** Whether a connection comes from a trusted proxy. */
  boolean isProxy(InetAddress peer) {
    return proxies.stream().anyMatch(p -> p.contains(peer));
  }

  /**
   * The client of a request: the last address of X-Forwarded-For that is not a trusted proxy, and
   * the peer where no trusted proxy names one.
   */
  InetAddress of(HttpRequest request, InetAddress peer) {
    if (!isProxy(peer)) {
      return peer;
    }
    String all =
        String.join(
            ",",
            request.fields().stream()
                .filter(f -> f.name().equals(FIELD))
                .map(HttpField::value)
                .toList());
    String[] hops = all.split(",", -1);
    InetAddress client = peer;
    for (int i = hops.length - 1; i >= 0 && isProxy(client); i--) {
      Optional<InetAddress> hop = address(hops[i].strip());
      if (hop.isEmpty()) {
        return client;
      }
      client = hop.get();
    }
    return client;
  }

  private static Optional<InetAddress> address(String text) {
    try {
      return text.indexOf('.') < 0 && text.indexOf(':') < 0
          ? Optional.empty()
          : Optional.of(InetAddress.ofLiteral(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}

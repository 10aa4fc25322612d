package org.sealwax.router.policyd;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/** The address at which the table is served. */
public sealed interface SocketmapEndpoint {
  /** A TCP port at an address of this machine. */
  record Tcp(InetSocketAddress address) implements SocketmapEndpoint {}

  /** A Unix socket; the permissions of its folder decide which processes may connect. */
  record Unix(Path path) implements SocketmapEndpoint {}

  /** Loopback: a local user can look up the same in the DNS anyway. */
  SocketmapEndpoint STANDARD =
      new Tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 8461));

  /** Reads {@code 127.0.0.1:8461}, {@code [::1]:8461} or {@code unix:/run/sealwax/policyd}. */
  static Optional<SocketmapEndpoint> parse(String text) {
    if (text.startsWith("unix:/")) {
      return Optional.of(new Unix(Path.of(text.substring("unix:".length()))));
    }
    int colon = text.lastIndexOf(':');
    if (colon < 1 || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
      return Optional.empty();
    }
    int port = Integer.parseInt(text.substring(colon + 1));
    String host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    try {
      return port > 65_535
          ? Optional.empty()
          : Optional.of(new Tcp(new InetSocketAddress(InetAddress.ofLiteral(host), port)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}

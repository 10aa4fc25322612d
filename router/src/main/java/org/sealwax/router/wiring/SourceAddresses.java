package org.sealwax.router.wiring;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.stream.Stream;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.SpecialUse;
import org.sealwax.router.config.RouterSettings;

/** The addresses that others see when this server sends mail. */
public final class SourceAddresses {
  private SourceAddresses() {}

  /**
   * {@return those that the configuration binds, else the public addresses of this machine, else
   * those of the host name; empty when there are none}
   */
  public static List<InetAddress> of(RouterSettings settings, Resolver resolver) {
    List<InetAddress> bound =
        Stream.of(settings.deliver().bind4(), settings.deliver().bind6())
            .flatMap(Stream::ofNullable)
            .toList();
    if (!bound.isEmpty()) {
      return bound;
    }
    List<InetAddress> own = publicAddresses();
    if (!own.isEmpty()) {
      return own;
    }
    // Behind address translation: the name shows which addresses others see.
    return Stream.of(Resolver.AddressFamily.values())
        .flatMap(f -> resolver.addresses(settings.server().hostname(), f).records().stream())
        .toList();
  }

  private static List<InetAddress> publicAddresses() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .filter(address -> SpecialUse.of(address).isEmpty())
          .toList();
    } catch (SocketException e) {
      return List.of();
    }
  }
}

package org.sealwax.mail.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Cidr;

/**
 * Connects by the machine's TCP. There are two kinds, because targets come from two sources:
 *
 * <ul>
 *   <li>{@link #guarded}: names that other domains write (MX records, STS policy hosts, report
 *       addresses) are followed to public addresses only;
 *   <li>{@link #trusted}: what the admin wrote in the configuration (a next hop, a smart host) may
 *       be anywhere, most of all in private networks.
 * </ul>
 *
 * <p>The wiring of the program decides which one a package gets; a package that serves both takes
 * both.
 */
public final class SystemDialer implements Dialer {
  private final boolean guards;
  private final DialerSettings settings;

  private SystemDialer(boolean guards, DialerSettings settings) {
    this.guards = guards;
    this.settings = settings;
  }

  /**
   * For targets from the DNS: special-use addresses are refused unless the settings list them.
   *
   * @param settings networks that are allowed
   * @return the dialer
   */
  public static Dialer guarded(DialerSettings settings) {
    return new SystemDialer(true, settings);
  }

  /**
   * For targets from the configuration.
   *
   * @return the dialer
   */
  public static Dialer trusted() {
    return new SystemDialer(false, DialerSettings.defaults());
  }

  @Override
  public Wire connect(InetSocketAddress to, @Nullable InetAddress from, Duration timeout)
      throws IOException {
    if (to.isUnresolved() || !timeout.isPositive()) {
      throw new IllegalArgumentException("an address and a positive time: " + to + " " + timeout);
    }
    InetSocketAddress target = guards ? checked(to) : to;
    Socket socket = new Socket();
    try {
      // With keep-alive the system notices a peer that vanishes between commands.
      socket.setKeepAlive(true);
      if (from != null) {
        socket.bind(new InetSocketAddress(from, 0));
      }
      socket.connect(target, Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE));
      return Wire.of(socket);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /** The very address that was checked, without name or scope: nothing resolves it again. */
  private InetSocketAddress checked(InetSocketAddress to) throws ForbiddenTarget {
    InetAddress address = SpecialUse.plain(to.getAddress().getAddress());
    if (SpecialUse.of(address).isPresent() && !isAllowed(address)) {
      throw new ForbiddenTarget(address);
    }
    return new InetSocketAddress(address, to.getPort());
  }

  private boolean isAllowed(InetAddress address) {
    for (Cidr network : settings.allowTargets()) {
      if (network.contains(address)) {
        return true;
      }
    }
    return false;
  }
}

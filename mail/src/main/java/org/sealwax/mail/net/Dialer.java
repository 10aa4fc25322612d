package org.sealwax.mail.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressText;

/**
 * Opens connections. Where a name was resolved from DNS that others control, the dialer refuses
 * special-use addresses (RFC 6890) unless the settings allow them, and connects to the very address
 * it checked (POLICY.md, "Where hostile names lead").
 */
public interface Dialer {
  /**
   * Connects.
   *
   * @param to an address, never an unresolved name
   * @param from the local address to bind, or null for the system's choice
   * @param timeout for the TCP handshake; RFC 5321 4.5.3.2 requires minutes for the greeting, not
   *     this
   * @return the open connection
   * @throws ForbiddenTarget when the address is one that hostile DNS must not make us connect to
   * @throws IOException when the connection fails
   */
  Wire connect(InetSocketAddress to, @Nullable InetAddress from, Duration timeout)
      throws IOException;

  /** The address is special-use (RFC 6890) and no row allows it. */
  final class ForbiddenTarget extends IOException {
    /**
     * Names the address that was refused.
     *
     * @param address the IP address
     */
    public ForbiddenTarget(InetAddress address) {
      super(AddressText.of(address) + " is a special-use address (RFC 6890)");
    }
  }
}

package org.sealwax.tls;

import java.time.Duration;
import org.sealwax.tls.verdict.TlsTrouble;
import org.sealwax.world.Wire;

/** Our side of inbound TLS for one listener; thread-safe; certificates change under it. */
public interface TlsServer {
  /**
   * Shakes hands over {@code clear}, which the returned wire owns from then on.
   *
   * @param total for the whole handshake
   * @throws TlsTrouble when it does not come about; {@code clear} is closed then
   */
  TlsWire accept(Wire clear, Duration total) throws TlsTrouble;
}

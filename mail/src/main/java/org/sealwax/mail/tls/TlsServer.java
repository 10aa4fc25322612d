package org.sealwax.mail.tls;

import java.time.Duration;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.TlsException;

/** Our side of inbound TLS for one listener; thread-safe; certificates change under it. */
public interface TlsServer {
  /**
   * Handshake over {@code clear}, which the returned wire owns from then on.
   *
   * @param clear the plaintext connection
   * @param total for the whole handshake
   * @return the encrypted connection, with the verdict
   * @throws TlsException when it fails; {@code clear} is closed then
   */
  TlsWire accept(Wire clear, Duration total) throws TlsException;
}

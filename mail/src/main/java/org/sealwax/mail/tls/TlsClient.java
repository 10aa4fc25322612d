package org.sealwax.mail.tls;

import java.time.Duration;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.TlsException;

/** Our side of outbound TLS; thread-safe; holds the client session cache. */
public interface TlsClient {
  /**
   * Handshake over {@code clear}, which the returned wire owns from then on. Nothing may be
   * buffered above {@code clear}: bytes received before the handshake are TLS or an attack.
   *
   * @param clear the plaintext connection
   * @param offer what is offered
   * @param total for the whole handshake
   * @return the encrypted connection, with the verdict
   * @throws TlsException when it fails; {@code clear} is closed then
   */
  TlsWire connect(Wire clear, ClientOffer offer, Duration total) throws TlsException;
}

package org.sealwax.mail.tls;

import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.Handshake;

/** A wire under TLS, with the result of its handshake. */
public interface TlsWire extends Wire {
  /**
   * {@return the facts of the handshake; on the client side of TLS 1.3 they are final once it
   * returned}
   */
  Handshake handshake();

  /**
   * {@return whether the peer ended the stream without close_notify: it may have been truncated}
   * SMTP marks the ends of its commands and messages itself, so this is a note for the log, not an
   * error.
   */
  boolean truncated();
}

package org.sealwax.tls;

import org.sealwax.world.Wire;

/** A wire under TLS, with what its handshake came to. */
public interface TlsWire extends Wire {
  /** The facts of the handshake; on the client side of TLS 1.3 they are final once it returned. */
  Handshake handshake();
}

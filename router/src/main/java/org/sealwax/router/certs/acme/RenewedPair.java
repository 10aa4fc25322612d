package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * A pair that orders renew, where it is not the one of the first order: after a rollover of the
 * key.
 *
 * @param file with key and chain; it may be missing
 * @param key that certificates are ordered for
 */
public record RenewedPair(Path file, KeySource key) {
  /** Reads a key. */
  @FunctionalInterface
  public interface KeySource {
    /**
     * {@return the key; empty: one is made}
     *
     * @throws IOException when it cannot be read; the message is for the admin
     */
    Optional<KeyPair> read() throws IOException;
  }

  /** Knows which pairs these are. */
  @FunctionalInterface
  public interface Lookup {
    /** {@return the pair of a name now; empty: that of the first order} */
    Optional<RenewedPair> of(Domain name);
  }
}

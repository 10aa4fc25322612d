package org.sealwax.router.certs;

import java.io.IOException;
import java.util.Optional;
import org.sealwax.mail.tls.Identity;

/**
 * Where the pair of chain and key for one certificate comes from: files that others write, ACME, or
 * a key rollover. A source only offers a pair; {@link ServerCertificates} decides whether it is put
 * in force. Thread-safe.
 */
public interface PairSource {
  /** The stamp of a source that has no pair yet. */
  String NONE = "";

  /** {@return a name for logs and status, for example the certificate's file} */
  String name();

  /**
   * {@return a text that differs whenever {@link #read} may return another pair; {@link #NONE}
   * while there is no pair} Cheap: it is asked every few seconds.
   */
  String stamp();

  /**
   * {@return the pair}
   *
   * @throws IOException when it cannot be used; the message is for the admin
   */
  Identity read() throws IOException;

  /** {@return whether the first handshake may wait for {@link #read}: a start does not read it} */
  default boolean isReadLate() {
    return false;
  }

  /**
   * {@return the pair as it is, for what only shows it: nothing is made; empty while there is none}
   *
   * @throws IOException when it cannot be used; the message is for the admin
   */
  default Optional<Identity> readIfMade() throws IOException {
    return stamp().equals(NONE) ? Optional.empty() : Optional.of(read());
  }
}

package org.sealwax.router.certs.rollover;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.router.certs.PairSource;

/**
 * The pair of the key that a rollover offers; none while that key is not one of its own.
 *
 * @param keys our keys
 * @param offered the key that is to be in force
 * @param issued whether an authority issues the certificates; they are self-signed otherwise
 * @param clock the believed time
 */
record RolledPair(
    RolloverKeys keys, Supplier<Optional<KeyDigest>> offered, boolean issued, Clock clock)
    implements PairSource {
  @Override
  public String name() {
    return offered.get().map(key -> certificate(key).toString()).orElse("rollover");
  }

  @Override
  public String stamp() {
    return offered
        .get()
        .filter(key -> Files.exists(certificate(key)))
        .map(
            key ->
                key.hex()
                    + '|'
                    + new IdentitySettings.CertificatePair(certificate(key), certificate(key))
                        .stamp())
        .orElse(NONE);
  }

  private Path certificate(KeyDigest key) {
    return issued ? keys.issued(key) : keys.files(key).certificate();
  }

  @Override
  public Identity read() throws IOException {
    KeyDigest key = offered.get().orElseThrow(() -> new IOException("no key is offered"));
    return issued ? Identity.read(keys.issued(key), keys.issued(key)) : keys.read(key, clock.now());
  }

  @Override
  public Optional<Identity> readIfMade() throws IOException {
    Optional<KeyDigest> key = offered.get();
    return issued || key.isEmpty() ? PairSource.super.readIfMade() : keys.readIfMade(key.get());
  }
}

package org.sealwax.router.certs;

import java.io.IOException;
import java.util.Optional;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;

/**
 * The self-signed pair of a server without a configured certificate. It is made when there is none,
 * and its certificate is made again for the same key near its end or for another host name.
 *
 * @param settings folder and host name
 * @param clock source of the current time
 * @param random source of the key
 */
public record SelfSignedPair(IdentitySettings settings, Clock clock, RandomSource random)
    implements PairSource {
  @Override
  public String name() {
    return IdentityStore.selfSignedFiles(settings).certificate().toString();
  }

  @Override
  public String stamp() {
    return IdentityStore.selfSignedFiles(settings).stamp();
  }

  @Override
  public Identity read() throws IOException {
    IdentitySettings.CertificatePair pair = IdentityStore.selfSigned(settings, clock.now(), random);
    return Identity.read(pair.certificate(), pair.key());
  }

  @Override
  public boolean isReadLate() {
    return !IdentityStore.mustMake(settings, clock.now());
  }

  @Override
  public Optional<Identity> readIfMade() throws IOException {
    return IdentityStore.selfSignedIfMade(settings);
  }
}

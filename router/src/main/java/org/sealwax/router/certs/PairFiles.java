package org.sealwax.router.certs;

import java.io.IOException;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;

/**
 * Two PEM files, or one with both: written by certbot, lego, a person, or by this server.
 *
 * @param files certificate chain and key
 */
public record PairFiles(IdentitySettings.CertificatePair files) implements PairSource {
  @Override
  public String name() {
    return files.certificate().toString();
  }

  @Override
  public String stamp() {
    return files.stamp();
  }

  @Override
  public Identity read() throws IOException {
    return Identity.read(files.certificate(), files.key());
  }
}

package org.sealwax.router.config;

import java.nio.file.Path;
import java.util.Optional;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.tls.IdentitySettings.CertificatePair;

/**
 * {@code [identity]}.
 *
 * @param certificate chain in PEM, with the key; empty: a self-signed one is made
 * @param key in PEM
 * @param showToServers whether servers that ask get it
 */
@SettingTable(
    name = "identity",
    together = {"certificate", "key"},
    purpose = "Certificate of this server, as server and as client.")
public record IdentityTable(
    @Setting(
            example = "/etc/sealwax/mx.pem",
            restart = true,
            doc =
                "Certificate chain in PEM, leaf first. Reloaded when the file changes. Default: a self-signed certificate, created at the first start.")
        Optional<Path> certificate,
    @Setting(example = "/etc/sealwax/mx.key", restart = true, doc = "Private key in PEM.")
        Optional<Path> key,
    @Setting(
            fallback = "true",
            doc = "Send the certificate to servers that request a client certificate.")
        boolean showToServers) {
  /** Both files. */
  Optional<CertificatePair> pair() {
    return certificate.flatMap(chain -> key.map(k -> new CertificatePair(chain, k)));
  }
}

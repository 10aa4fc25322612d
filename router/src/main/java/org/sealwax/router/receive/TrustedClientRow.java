package org.sealwax.router.receive;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.tls.verdict.Pin;

/**
 * One {@code [[trusted_client]]}: a pin, or a CA with names.
 *
 * @param pin or null
 * @param ca PEM file, or null
 * @param names of which the certificate by that CA carries one
 */
@SettingTable(
    name = "trusted_client",
    rows = true,
    oneOf = {"pin", "ca"},
    purpose = "Client that may relay because of its certificate: a pin, or a private CA and names.")
public record TrustedClientRow(
    @Setting(
            example = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            doc = "SHA-256 of the client's public key.")
        @Nullable Pin pin,
    @Setting(
            example = "/etc/sealwax/own-ca.pem",
            doc = "Certificate of a private CA in PEM; needs names.")
        @Nullable Path ca,
    @Setting(doc = "Names; the certificate of that CA must contain one of them.")
        List<Domain> names) {
  /** Copies; a CA needs names. */
  public TrustedClientRow {
    names = List.copyOf(names);
    InvalidSetting.because("a CA alone would let every holder of its certificates relay")
        .of("ca")
        .help("add names = [\"…\"]")
        .throwIf(ca != null && names.isEmpty());
  }
}

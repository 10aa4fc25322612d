package org.sealwax.router.records;

import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.http.HttpsUrl;

/**
 * The domains by which public authorities are named in CAA records (RFC 8659 section 4.2), by the
 * host of their ACME directory, as their documentation has them.
 */
final class CaaIssuers {
  private static final Map<String, String> BY_HOST =
      Map.of(
          "acme-v02.api.letsencrypt.org", "letsencrypt.org",
          "acme-staging-v02.api.letsencrypt.org", "letsencrypt.org",
          "acme.zerossl.com", "sectigo.com",
          "dv.acme-v02.api.pki.goog", "pki.goog",
          "api.buypass.com", "buypass.com",
          "acme.ssl.com", "ssl.com");

  private CaaIssuers() {}

  /** {@return the domain of an authority; empty: it is not one of these} */
  static Optional<String> of(HttpsUrl directory) {
    return Optional.ofNullable(BY_HOST.get(directory.host().name()));
  }
}

package org.sealwax.router.certs.acme;

import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.Identity;

/** What is to be published while the authority validates one name. */
public sealed interface Proof {
  /**
   * At {@code http://DOMAIN/.well-known/acme-challenge/TOKEN} (RFC 8555 8.3).
   *
   * @param token base64url
   * @param content token and thumbprint of the account key
   */
  record HttpFile(String token, String content) implements Proof {}

  /**
   * Shown to clients that ask for {@code acme-tls/1} (RFC 8737).
   *
   * @param name that they ask for
   * @param certificate self-signed, with the extension of the challenge
   */
  record AlpnCertificate(Domain name, Identity certificate) implements Proof {}

  /**
   * A TXT record (RFC 8555 8.4).
   *
   * @param owner {@code _acme-challenge.DOMAIN}
   * @param value base64url
   */
  record TxtRecord(Domain owner, String value) implements Proof {}
}

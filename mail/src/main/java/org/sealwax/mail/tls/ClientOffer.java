package org.sealwax.mail.tls;

import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;

/**
 * What we offer as a client on one connection: a fallback step as parameters.
 *
 * @param serverName SNI, or null for an address literal
 * @param floor lowest version
 * @param highest highest version (step 4: TLS 1.2)
 * @param hybrid whether X25519MLKEM768 is offered (step 2 leaves it out)
 * @param resumption whether a ticket or session is offered
 * @param compatible whether the second engine is used, with all that is not broken (fallback step
 *     5)
 * @param clientCertificate whether our certificate is shown when asked for
 * @param fallbackScsv whether TLS_FALLBACK_SCSV is sent (RFC 7507), as far as the engine can
 * @param references identities that we expect, for the verdict
 * @param resumptionKey sessions are only resumed between offers of equal key: next hop, host,
 *     requirement and reference names (POLICY.md, "Verdicts")
 */
public record ClientOffer(
    @Nullable Domain serverName,
    TlsFloor floor,
    TlsVersion highest,
    boolean hybrid,
    boolean resumption,
    boolean compatible,
    boolean clientCertificate,
    boolean fallbackScsv,
    ReferenceIdentity references,
    String resumptionKey) {
  /**
   * {@return an offer of the first engine up to TLS 1.3: X25519MLKEM768, but no ticket and no
   * client certificate}
   *
   * @param serverName SNI, or null for none
   * @param floor lowest version
   * @param references the names, pins, roots and TLSA records that count
   * @param resumptionKey sessions are resumed only between offers of equal key
   */
  public static ClientOffer plain(
      @Nullable Domain serverName,
      TlsFloor floor,
      ReferenceIdentity references,
      String resumptionKey) {
    return new ClientOffer(
        serverName,
        floor,
        TlsVersion.TLS_1_3,
        true,
        false,
        false,
        false,
        references,
        resumptionKey);
  }

  /**
   * An offer of the first engine.
   *
   * @param serverName SNI, or null for none
   * @param floor lowest version
   * @param highest highest version
   * @param hybrid whether X25519MLKEM768 is offered
   * @param resumption whether a ticket or session is offered
   * @param clientCertificate whether our certificate is shown when asked for
   * @param fallbackScsv whether TLS_FALLBACK_SCSV is sent (RFC 7507)
   * @param references the names, pins, roots and TLSA records that count
   * @param resumptionKey sessions are resumed only between offers of equal key
   */
  public ClientOffer(
      @Nullable Domain serverName,
      TlsFloor floor,
      TlsVersion highest,
      boolean hybrid,
      boolean resumption,
      boolean clientCertificate,
      boolean fallbackScsv,
      ReferenceIdentity references,
      String resumptionKey) {
    this(
        serverName,
        floor,
        highest,
        hybrid,
        resumption,
        false,
        clientCertificate,
        fallbackScsv,
        references,
        resumptionKey);
  }

  /** {@return the same offer with a ticket or session} */
  public ClientOffer resuming() {
    return new ClientOffer(
        serverName,
        floor,
        highest,
        hybrid,
        true,
        compatible,
        clientCertificate,
        fallbackScsv,
        references,
        resumptionKey);
  }
}

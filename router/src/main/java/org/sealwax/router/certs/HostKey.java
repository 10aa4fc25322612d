package org.sealwax.router.certs;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.tls.Identity;

/**
 * The certificate in force under one name of this server, as TLSA records name it.
 *
 * @param host the name
 * @param tlsa the record {@code 3 1 1} of its key
 * @param forms all records with a digest that it matches: 3 for the certificate, 2 for each
 *     certificate of the chain after it (RFC 7672 section 3.1)
 */
public record HostKey(Domain host, TlsaRecord tlsa, List<TlsaRecord> forms) {
  private static final int ANCHOR = 2;
  private static final int END_ENTITY = 3;

  /** By matching type less one (RFC 6698 section 2.1.3). */
  private static final List<String> DIGESTS = List.of("SHA-256", "SHA-512");

  /** Copies. */
  public HostKey {
    forms = List.copyOf(forms);
  }

  /**
   * {@return the certificate that clients get for a name; empty when there is none yet}
   *
   * @param certificates those of the server
   * @param host the name
   * @throws IllegalStateException with the cause when a pair cannot be used
   */
  public static Optional<HostKey> of(ServerCertificates certificates, Domain host) {
    List<CertificateStatus.SlotStatus> all = certificates.status();
    CertificateSlot slot =
        CertificateSlot.select(all.stream().map(CertificateStatus.SlotStatus::slot).toList(), host);
    return all.stream()
        .filter(status -> status.slot().equals(slot))
        .findFirst()
        .flatMap(status -> Optional.ofNullable(status.inForce()))
        .map(pair -> of(host, pair));
  }

  private static HostKey of(Domain host, Identity pair) {
    List<TlsaRecord> forms = new ArrayList<>();
    List<X509Certificate> chain = pair.chain();
    for (int i = 0; i < chain.size(); i++) {
      try {
        byte[] whole = chain.get(i).getEncoded();
        byte[] key = chain.get(i).getPublicKey().getEncoded();
        for (int matching = 1; matching <= DIGESTS.size(); matching++) {
          MessageDigest digest = MessageDigest.getInstance(DIGESTS.get(matching - 1));
          int usage = i == 0 ? END_ENTITY : ANCHOR;
          for (int selector = 0; selector <= 1; selector++) {
            String data = hex(digest, selector == 0 ? whole : key);
            forms.add(new TlsaRecord(usage, selector, matching, data));
          }
        }
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("the chain was read and is in force", e);
      }
    }
    TlsaRecord usual =
        forms.stream()
            .filter(form -> form.usage() == END_ENTITY && form.data().equals(pair.pin().hex()))
            .findFirst()
            .orElseThrow();
    return new HostKey(host, usual, forms);
  }

  private static String hex(MessageDigest digest, byte[] bytes) {
    return HexFormat.of().formatHex(digest.digest(bytes));
  }
}

package org.sealwax.mail.tls;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * Whether a chain is the one that TLSA associations name (RFC 6698 2.1, RFC 7671 5, RFC 7672 3.1).
 * A function of its arguments.
 */
final class DaneMatch {
  private static final int ANCHOR = 2;
  private static final int END_ENTITY = 3;
  private static final int WHOLE_CERTIFICATE = 0;
  private static final int FULL = 0;

  /** Bit 5 of keyUsage. */
  private static final int KEY_CERT_SIGN = 5;

  /** Earlier versions have no extensions for it. */
  private static final int V3 = 3;

  /** Anchors given whole that are tried: a signature check for every link of the chain each. */
  static final int MAX_GIVEN = 4;

  private static final Comparator<TlsaAssociation> ORDER =
      Comparator.comparingInt(TlsaAssociation::selector)
          .thenComparingInt(TlsaAssociation::matching)
          .thenComparing(TlsaAssociation::data);

  private DaneMatch() {}

  /**
   * The result for usage 2, apart from names.
   *
   * @param association whose anchor the chain leads to, or null
   * @param why not, in words; empty when it does
   */
  record AnchorMatch(@Nullable TlsaAssociation association, String why) {}

  /**
   * The association of usage 3 that this leaf is; name, dates and chain play no part (RFC 7672
   * 3.1.1).
   */
  static Optional<TlsaAssociation> leaf(X509Certificate leaf, Set<TlsaAssociation> records) {
    return records.stream().filter(r -> r.usage() == END_ENTITY && is(leaf, r)).min(ORDER);
  }

  /** The associations of usage 2. */
  static List<TlsaAssociation> anchors(Set<TlsaAssociation> records) {
    return records.stream().filter(r -> r.usage() == ANCHOR).sorted(ORDER).toList();
  }

  /**
   * Whether the chain leads to an anchor and holds below it now. An anchor known only by its digest
   * must be in the chain (RFC 7671 5.2); one that is given whole need not be.
   *
   * @param records of usage 2
   */
  static AnchorMatch anchored(
      List<X509Certificate> chain, List<TlsaAssociation> records, PeerRole role, Instant now) {
    String why = "no trust anchor of a TLSA record is in the chain";
    int given = 0;
    for (TlsaAssociation record : records) {
      List<X509Certificate> there = inChain(chain, record);
      List<TrustAnchor> bare = List.of();
      if (there.isEmpty() && record.matching() == FULL && ++given <= MAX_GIVEN) {
        if (record.selector() == WHOLE_CERTIFICATE) {
          there = certificate(chain, record);
        } else {
          bare = key(chain, record);
        }
      }
      if (there.isEmpty() && bare.isEmpty()) {
        continue;
      }
      if (!there.isEmpty()) {
        there = there.stream().filter(DaneMatch::isAuthority).toList();
        if (there.isEmpty()) {
          why = "the certificate of the TLSA trust anchor is not a CA certificate";
          continue;
        }
      }
      ChainCheck.ChainResult result =
          ChainCheck.check(chain, PreparedRoots.forDane(there, bare), role, now);
      Verdict.Reason reason = result.reason();
      if (reason == null) {
        return new AnchorMatch(record, "");
      }
      why = "the chain below the TLSA trust anchor is " + reason.word();
    }
    return new AnchorMatch(null, why);
  }

  /** A leaf is not an issuer of itself: usage 2 checks the certificates above it. */
  private static List<X509Certificate> inChain(
      List<X509Certificate> chain, TlsaAssociation record) {
    List<X509Certificate> found = new ArrayList<>();
    for (X509Certificate certificate : chain.subList(1, chain.size())) {
      if (!certificate.equals(chain.getFirst()) && is(certificate, record)) {
        found.add(certificate);
      }
    }
    return found;
  }

  /** RFC 5280 4.2.1.9, 4.2.1.3; the path builder does not check anchors. */
  private static boolean isAuthority(X509Certificate certificate) {
    boolean @Nullable [] uses = certificate.getKeyUsage();
    boolean maySign = uses == null || uses.length <= KEY_CERT_SIGN || uses[KEY_CERT_SIGN];
    return certificate.getVersion() < V3 || (certificate.getBasicConstraints() >= 0 && maySign);
  }

  private static List<X509Certificate> certificate(
      List<X509Certificate> chain, TlsaAssociation record) {
    try {
      byte[] der = HexFormat.of().parseHex(record.data());
      X509Certificate given =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der));
      return given.equals(chain.getFirst()) ? List.of() : List.of(given);
    } catch (CertificateException | RuntimeException e) {
      // The peer's bytes are not a certificate.
      return List.of();
    }
  }

  /** A bare key has no name; the certificate that it signed names its issuer. */
  private static List<TrustAnchor> key(List<X509Certificate> chain, TlsaAssociation record) {
    Optional<PublicKey> key = SpkiBytes.key(HexFormat.of().parseHex(record.data()));
    List<TrustAnchor> anchors = new ArrayList<>();
    key.ifPresent(
        k -> {
          for (X509Certificate certificate : chain) {
            if (ChainCheck.isSigned(certificate, k)) {
              anchors.add(new TrustAnchor(certificate.getIssuerX500Principal(), k, null));
            }
          }
        });
    return anchors;
  }

  private static boolean is(X509Certificate certificate, TlsaAssociation record) {
    try {
      Optional<byte[]> bytes =
          record.selector() == WHOLE_CERTIFICATE
              ? Optional.of(certificate.getEncoded())
              : SpkiBytes.of(certificate);
      return bytes.isPresent() && record.data().equals(text(record.matching(), bytes.get()));
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static String text(int matching, byte[] bytes) throws GeneralSecurityException {
    byte[] data =
        switch (matching) {
          case 1 -> Pins.sha256().digest(bytes);
          case 2 -> MessageDigest.getInstance("SHA-512").digest(bytes);
          default -> bytes;
        };
    return HexFormat.of().formatHex(data);
  }
}

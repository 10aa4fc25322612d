package org.sealwax.mail.tls;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateParsingException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.interfaces.DSAKey;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * Validity of a chain, apart from names and pins: PKIX (RFC 5280 6) by the JDK, and around it the
 * reasons in words that a postmaster can act on. A function of its arguments.
 */
final class ChainCheck {
  /** RFC 9325 4.5 for RSA; 224-bit curves are the least the CA/Browser Forum ever allowed. */
  private static final int LEAST_RSA = 2048;

  private static final int LEAST_EC = 224;

  private static final String ANY_PURPOSE = "2.5.29.37.0";
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
  private static final String AUTHORITY_ACCESS = "1.3.6.1.5.5.7.1.1";

  private static final String CRL_POINTS = "2.5.29.31";

  private static final Pattern ROOT = Pattern.compile("\\broot\\b");

  /** DER of id-ad-caIssuers, 1.3.6.1.5.5.7.48.2. */
  private static final String CA_ISSUERS =
      new String(new byte[] {6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2}, StandardCharsets.ISO_8859_1);

  private ChainCheck() {}

  /**
   * The result.
   *
   * @param reason why not trusted, or null when the chain holds
   * @param notes what changes nothing
   */
  record ChainResult(Verdict.@Nullable Reason reason, List<String> notes) {}

  static ChainResult check(
      List<X509Certificate> chain, PreparedRoots roots, PeerRole role, Instant now) {
    X509Certificate leaf = chain.getFirst();
    Set<Verdict.Reason> reasons = EnumSet.noneOf(Verdict.Reason.class);
    List<String> notes = new ArrayList<>();
    purpose(leaf, role, reasons, notes);
    if (roots.contains(leaf)) {
      // Trusted as itself: the admin who added it to the roots vouches for all but its dates.
      validity(leaf, now, reasons);
      return result(reasons, notes);
    }
    List<X509Certificate> path = path(chain, roots, now);
    if (path != null) {
      path.forEach(certificate -> strength(certificate, reasons));
      return result(reasons, notes);
    }
    diagnose(chain, roots, now, reasons);
    return result(reasons, notes);
  }

  private static ChainResult result(Set<Verdict.Reason> reasons, List<String> notes) {
    // An EnumSet runs in the order of declaration, which is the order of reporting.
    return new ChainResult(
        reasons.isEmpty() ? null : reasons.iterator().next(), List.copyOf(notes));
  }

  /** The path without its root, or null when there is none that holds now. */
  private static @Nullable List<X509Certificate> path(
      List<X509Certificate> chain, PreparedRoots roots, Instant now) {
    Set<TrustAnchor> anchors = roots.above(chain, now);
    if (anchors.isEmpty()) {
      return null;
    }
    try {
      X509CertSelector target = new X509CertSelector();
      target.setCertificate(chain.getFirst());
      PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, target);
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      parameters.setMaxPathLength(PeerVerifier.MAX_CHAIN);
      parameters.addCertStore(
          CertStore.getInstance("Collection", new CollectionCertStoreParameters(chain)));
      PKIXCertPathBuilderResult built =
          (PKIXCertPathBuilderResult) CertPathBuilder.getInstance("PKIX").build(parameters);
      return built.getCertPath().getCertificates().stream()
          .map(X509Certificate.class::cast)
          .toList();
    } catch (GeneralSecurityException | RuntimeException e) {
      // A malformed certificate may make the JDK throw: then there is no path.
      return null;
    }
  }

  /** Determines why there is no path, by following the chain as it was sent. */
  private static void diagnose(
      List<X509Certificate> chain, PreparedRoots roots, Instant now, Set<Verdict.Reason> reasons) {
    X509Certificate at = chain.getFirst();
    List<X509Certificate> left = new ArrayList<>(chain.subList(1, chain.size()));
    boolean climbed = false;
    while (true) {
      validity(at, now, reasons);
      strength(at, reasons);
      X509Certificate root = issuerOf(at, roots.named(at.getIssuerX500Principal()));
      if (root != null) {
        if (roots.dated()) {
          validity(root, now, reasons);
        }
        if (reasons.isEmpty()) {
          // It leads to a root that we trust, dates and strength hold, and PKIX refused it
          // nevertheless:
          // an issuer that is not a CA, a length, a name constraint or an unknown critical
          // extension.
          reasons.add(
              climbed && !allAuthorities(chain)
                  ? Verdict.Reason.UNKNOWN_ISSUER
                  : Verdict.Reason.WRONG_PURPOSE);
        }
        return;
      }
      if (selfSigned(at)) {
        reasons.add(climbed ? Verdict.Reason.UNKNOWN_ISSUER : Verdict.Reason.SELF_SIGNED);
        return;
      }
      X509Certificate issuer = issuerOf(at, left);
      if (issuer == null) {
        boolean gap = !left.isEmpty() || (!climbed && belowAnIntermediate(at));
        reasons.add(gap ? Verdict.Reason.INCOMPLETE_CHAIN : Verdict.Reason.UNKNOWN_ISSUER);
        return;
      }
      left.remove(issuer);
      at = issuer;
      climbed = true;
    }
  }

  private static boolean allAuthorities(List<X509Certificate> chain) {
    return chain.stream().skip(1).allMatch(c -> c.getBasicConstraints() >= 0);
  }

  private static @Nullable X509Certificate issuerOf(
      X509Certificate certificate, List<X509Certificate> candidates) {
    X500Principal issuer = certificate.getIssuerX500Principal();
    for (X509Certificate candidate : candidates) {
      if (candidate.getSubjectX500Principal().equals(issuer)
          && isSigned(certificate, candidate.getPublicKey())) {
        return candidate;
      }
    }
    return null;
  }

  /** Whether this key signed the certificate. */
  static boolean isSigned(X509Certificate certificate, PublicKey key) {
    try {
      certificate.verify(key);
      return true;
    } catch (GeneralSecurityException | RuntimeException e) {
      return false;
    }
  }

  private static boolean selfSigned(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())
        && isSigned(certificate, certificate.getPublicKey());
  }

  /**
   * Whether what is missing above a certificate is an intermediate, as far as the certificate alone
   * shows: it names a URL of its issuer's certificate; or it names its revocation services (OCSP or
   * a CRL) and its issuer's name does not say root. Authorities with such services do not sign
   * servers' certificates with their root (CA/Browser Forum, Baseline Requirements 6.1.7); those of
   * a private root mostly have none.
   */
  private static boolean belowAnIntermediate(X509Certificate certificate) {
    byte[] access = certificate.getExtensionValue(AUTHORITY_ACCESS);
    if (access != null && new String(access, StandardCharsets.ISO_8859_1).contains(CA_ISSUERS)) {
      return true;
    }
    boolean revocable = access != null || certificate.getExtensionValue(CRL_POINTS) != null;
    String issuer = certificate.getIssuerX500Principal().getName().toLowerCase(Locale.ROOT);
    return revocable && !ROOT.matcher(issuer).find();
  }

  private static void validity(
      X509Certificate certificate, Instant now, Set<Verdict.Reason> reasons) {
    if (now.isAfter(certificate.getNotAfter().toInstant())) {
      reasons.add(Verdict.Reason.EXPIRED);
    } else if (now.isBefore(certificate.getNotBefore().toInstant())) {
      reasons.add(Verdict.Reason.NOT_YET_VALID);
    }
  }

  private static void strength(X509Certificate certificate, Set<Verdict.Reason> reasons) {
    String algorithm = certificate.getSigAlgName().toUpperCase(Locale.ROOT);
    boolean weak =
        algorithm.startsWith("SHA1") || algorithm.startsWith("MD") || algorithm.contains("SHA-1");
    if (weak && !selfSigned(certificate)) {
      reasons.add(Verdict.Reason.WEAK_SIGNATURE);
    }
    if (shortfall(certificate.getPublicKey()) > 0) {
      reasons.add(Verdict.Reason.WEAK_KEY);
    }
  }

  private static int shortfall(PublicKey key) {
    return switch (key) {
      case RSAKey rsa -> LEAST_RSA - rsa.getModulus().bitLength();
      case ECKey ec -> LEAST_EC - ec.getParams().getCurve().getField().getFieldSize();
      case DSAKey dsa ->
          dsa.getParams() == null ? 1 : LEAST_RSA - dsa.getParams().getP().bitLength();
      default -> 0;
    };
  }

  /**
   * RFC 5280 4.2.1.12: absent or any is good for all. A server's certificate must be for
   * serverAuth; for a client's it is a note, as public CAs issue no clientAuth since 2026.
   */
  private static void purpose(
      X509Certificate leaf, PeerRole role, Set<Verdict.Reason> reasons, List<String> notes) {
    List<String> purposes;
    try {
      purposes = leaf.getExtendedKeyUsage();
    } catch (CertificateParsingException e) {
      reasons.add(Verdict.Reason.WRONG_PURPOSE);
      return;
    }
    if (purposes == null || purposes.contains(ANY_PURPOSE)) {
      return;
    }
    switch (role) {
      case SERVER -> {
        if (!purposes.contains(SERVER_AUTH)) {
          reasons.add(Verdict.Reason.WRONG_PURPOSE);
        }
      }
      case CLIENT -> {
        if (!purposes.contains(CLIENT_AUTH)) {
          notes.add("no clientAuth purpose");
        }
      }
    }
  }
}

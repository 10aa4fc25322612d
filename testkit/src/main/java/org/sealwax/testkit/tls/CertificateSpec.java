package org.sealwax.testkit.tls;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The specification of a certificate.
 *
 * @param names DNS names, written as they are: {@code *.*.example} too
 * @param term when it is valid
 * @param issuer who signs it
 * @param key of which kind
 * @param oddities what else is wrong with it
 * @param chainBytes the chain is filled up with unrelated certificates to about this size; 0: not
 */
public record CertificateSpec(
    List<String> names,
    CertificateValidity term,
    CertificateIssuer issuer,
    CertificateKeyType key,
    Set<CertificateFault> oddities,
    int chainBytes) {
  /** Bytes of a chain at most: what a trap of 200 KB needs, within TLS's 16 MB. */
  public static final int MAX_CHAIN = 256 * 1_024;

  /** When. */
  public enum CertificateValidity {
    /** Since an hour ago, for 90 days. */
    NOW,
    /** Until ten days ago. */
    PAST,
    /** From in ten days on. */
    FUTURE
  }

  /** The issuer. */
  public enum CertificateIssuer {
    /** The lab's intermediate authority, under its root. */
    LAB,
    /** Its own key. */
    SELF,
    /** An authority that no client has as a root. */
    UNKNOWN_AUTHORITY,
    /** An intermediate of the lab's that may sign for {@code elsewhere.invalid} only. */
    CONSTRAINED,
    /** A certificate of the lab that is not a CA certificate. */
    LEAF
  }

  /** Of which kind. */
  public enum CertificateKeyType {
    P256,
    RSA_2048,
    RSA_1024,
    ED25519,
    /** RFC 9881; only TLS 1.3 can use it. */
    ML_DSA_65
  }

  /** What else. */
  public enum CertificateFault {
    /** The name is in the subject's common name only. */
    COMMON_NAME_ONLY,
    /** The names are IP addresses. */
    IP_NAMES,
    /** The first name continues after a NUL. */
    NUL_IN_NAME,
    /** Signed with SHA-1. */
    SHA1,
    /** The chain is the leaf alone. */
    WITHOUT_INTERMEDIATE,
    /** The chain ends with the root. */
    WITH_ROOT,
    /** For clients only. */
    CLIENT_PURPOSE,
    /** A critical extension that is not defined. */
    UNKNOWN_CRITICAL,
    /** Is an authority itself. */
    AUTHORITY,
    /** RFC 7633 asks for a staple; there is one only with one of the next two. */
    MUST_STAPLE,
    /** An OCSP answer of its issuer is stapled, which states that it is good. */
    STAPLED,
    /** An OCSP answer of its issuer is stapled, which states that it is revoked. */
    REVOKED
  }

  /** Copies and checks. */
  public CertificateSpec {
    names = List.copyOf(names);
    oddities = Set.copyOf(oddities);
    if (names.isEmpty() || chainBytes < 0 || chainBytes > MAX_CHAIN) {
      throw new IllegalArgumentException("a name, and a chain of at most " + MAX_CHAIN);
    }
  }

  /** A good one. */
  public static CertificateSpec of(String... names) {
    return new CertificateSpec(
        List.of(names),
        CertificateValidity.NOW,
        CertificateIssuer.LAB,
        CertificateKeyType.P256,
        Set.of(),
        0);
  }

  /** The same for other names. */
  public CertificateSpec withNames(String... others) {
    return new CertificateSpec(List.of(others), term, issuer, key, oddities, chainBytes);
  }

  /** The same at another time. */
  public CertificateSpec with(CertificateValidity other) {
    return new CertificateSpec(names, other, issuer, key, oddities, chainBytes);
  }

  /** The same from another issuer. */
  public CertificateSpec with(CertificateIssuer other) {
    return new CertificateSpec(names, term, other, key, oddities, chainBytes);
  }

  /** The same with another kind of key. */
  public CertificateSpec with(CertificateKeyType other) {
    return new CertificateSpec(names, term, issuer, other, oddities, chainBytes);
  }

  /** The same with one more thing wrong. */
  public CertificateSpec with(CertificateFault more) {
    EnumSet<CertificateFault> all = EnumSet.of(more);
    all.addAll(oddities);
    return new CertificateSpec(names, term, issuer, key, all, chainBytes);
  }

  /** The same with a chain of about this many bytes. */
  public CertificateSpec withChain(int bytes) {
    return new CertificateSpec(names, term, issuer, key, oddities, bytes);
  }
}

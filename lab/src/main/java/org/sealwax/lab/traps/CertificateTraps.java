package org.sealwax.lab.traps;

import static org.sealwax.lab.traps.Traps.ALL;
import static org.sealwax.lab.traps.Traps.N;
import static org.sealwax.lab.traps.Traps.S;
import static org.sealwax.lab.traps.Traps.SD;
import static org.sealwax.lab.traps.Traps.trap;

import java.util.List;
import java.util.function.UnaryOperator;
import org.sealwax.testkit.tls.CertificateSpec;
import org.sealwax.testkit.tls.IssuedCertificate;

/** Group D: certificates. */
final class CertificateTraps {
  private static final String BY_CONTEXT =
      "deliver without policy, in testing, and under DANE-EE; defer under enforce";

  private CertificateTraps() {}

  private static UnaryOperator<Site> leaf(UnaryOperator<CertificateSpec> change) {
    return site -> site.eachHost(h -> h.certified(change));
  }

  private static UnaryOperator<Site> odd(CertificateSpec.CertificateFault fault) {
    return leaf(l -> l.with(fault));
  }

  static List<Trap> all() {
    return List.of(
        trap(
            "D1 | an expired certificate | " + BY_CONTEXT + " | RFC 8461 4.2",
            ALL,
            leaf(l -> l.with(CertificateSpec.CertificateValidity.PAST))),
        trap(
            "D2 | a certificate not yet valid | " + BY_CONTEXT + " | RFC 8461 4.2",
            ALL,
            leaf(l -> l.with(CertificateSpec.CertificateValidity.FUTURE))),
        trap(
            "D3 | a self-signed certificate | " + BY_CONTEXT + " | RFC 8461 4.2",
            ALL,
            leaf(l -> l.with(CertificateSpec.CertificateIssuer.SELF))),
        trap(
            "D4 | a certificate of an unknown CA | " + BY_CONTEXT + " | RFC 8461 4.2",
            ALL,
            leaf(l -> l.with(CertificateSpec.CertificateIssuer.UNKNOWN_AUTHORITY))),
        trap(
            "D5 | a certificate for another name | " + BY_CONTEXT + " | RFC 8461 4.2",
            ALL,
            leaf(l -> l.withNames("elsewhere.invalid"))),
        trap(
            "D6 | the name in the common name only | defer | RFC 9525 6.3",
            S,
            odd(CertificateSpec.CertificateFault.COMMON_NAME_ONLY)),
        trap(
            "D7 | a wildcard for the first label | deliver | RFC 8461 4.1",
            S,
            leaf(l -> l.withNames("*.{above}"))),
        trap(
            "D8a | a wildcard for two labels | defer | RFC 9525 6.3",
            S,
            leaf(l -> l.withNames("*.*.{above}"))),
        trap(
            "D8b | a wildcard inside a label | defer | RFC 9525 6.3",
            S,
            leaf(l -> l.withNames("m*.{above}"))),
        trap(
            "D9 | an IP address as its name | defer | RFC 9525 6.4",
            S,
            leaf(l -> l.withNames("192.0.2.25").with(CertificateSpec.CertificateFault.IP_NAMES))),
        trap(
            "D10a | revoked, by its stapled OCSP response | defer recommended; recorded | RFC 6066 8",
            S,
            odd(CertificateSpec.CertificateFault.REVOKED)),
        trap(
            "D10b | must-staple without a stapled OCSP response | defer recommended; recorded | RFC 7633 4",
            S,
            odd(CertificateSpec.CertificateFault.MUST_STAPLE)),
        trap(
            "D11 | signed with SHA-1 | defer | RFC 9325 4.1",
            S,
            odd(CertificateSpec.CertificateFault.SHA1)),
        trap(
            "D12 | an RSA key of 1024 bits | defer | RFC 9325 4.3",
            S,
            leaf(l -> l.with(CertificateSpec.CertificateKeyType.RSA_1024))),
        trap(
            "D13 | the intermediate is missing | defer, or fetch it | RFC 8446 4.4.2",
            S,
            odd(CertificateSpec.CertificateFault.WITHOUT_INTERMEDIATE)),
        trap(
            "D14 | for clients only | defer | RFC 5280 4.2.1.12",
            S,
            odd(CertificateSpec.CertificateFault.CLIENT_PURPOSE)),
        trap(
            "D15 | outside the name constraints of its CA | defer | RFC 5280 4.2.1.10",
            S,
            leaf(l -> l.with(CertificateSpec.CertificateIssuer.CONSTRAINED))),
        trap(
            "D16 | signed by a certificate that is not a CA | defer | RFC 5280 4.2.1.9",
            S,
            leaf(l -> l.with(CertificateSpec.CertificateIssuer.LEAF))),
        trap(
            "D17 | an unknown critical extension | defer | RFC 5280 4.2",
            S,
            odd(CertificateSpec.CertificateFault.UNKNOWN_CRITICAL)),
        trap(
            "D18 | a NUL after the right name | defer | RFC 5280 4.2.1.6",
            S,
            odd(CertificateSpec.CertificateFault.NUL_IN_NAME)),
        trap(
            "D19 | the right certificate only with the host's name as SNI | deliver | RFC 7672 8.1",
            SD,
            CertificateTraps::onlyByName),
        trap(
            "D20 | an Ed25519 certificate | deliver, or as C1 | RFC 8446 4.2.3",
            N,
            leaf(l -> l.with(CertificateSpec.CertificateKeyType.ED25519))),
        trap(
            "D21 | an ML-DSA certificate | deliver, or as C1 | draft-ietf-tls-mldsa",
            N,
            leaf(l -> l.with(CertificateSpec.CertificateKeyType.ML_DSA_65))));
  }

  private static Site onlyByName(Site site) {
    return site.eachHost(
        h -> {
          TrapHost odd =
              h.certifiedUnnamed(
                  l ->
                      l.withNames("elsewhere.invalid")
                          .with(CertificateSpec.CertificateIssuer.SELF));
          // The whole certificate: all leaves of the lab have one key.
          return h.tlsa().isEmpty()
              ? odd
              : odd.withTlsa(
                  PublishedTlsa.of(
                      3,
                      IssuedCertificate.ChainPosition.LEAF,
                      IssuedCertificate.TlsaSelector.WHOLE,
                      IssuedCertificate.TlsaMatching.SHA_256));
        });
  }
}

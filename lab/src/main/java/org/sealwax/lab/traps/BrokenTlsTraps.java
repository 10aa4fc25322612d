package org.sealwax.lab.traps;

import static org.sealwax.lab.traps.Traps.N;
import static org.sealwax.lab.traps.Traps.NDS;
import static org.sealwax.lab.traps.Traps.S;
import static org.sealwax.lab.traps.Traps.trap;

import java.util.List;
import java.util.function.UnaryOperator;
import org.sealwax.testkit.tls.CertificateSpec;
import org.sealwax.testkit.tls.OddTlsBehaviour;

/** Group C, second half: what TLS libraries no longer support, and sessions that are resumed. */
final class BrokenTlsTraps {
  private static final String AS_C1 = "not negotiated; then as C1";

  /** RSA key exchange with AES, 3DES and RC4 (RFC 5246 A.5): what a server of 1999 might choose. */
  private static final Integer[] STATIC_RSA = {0x0035, 0x002f, 0x000a, 0x0005, 0x0004};

  /** ECDH_anon and DH_anon with AES (RFC 8422 6, RFC 5246 A.5). */
  private static final Integer[] ANONYMOUS = {0xc019, 0xc018, 0x003a, 0x0034};

  /** DHE_RSA with AES (RFC 5288 3, RFC 5246 A.5). */
  private static final Integer[] DHE = {0x009f, 0x009e, 0x0039, 0x0033};

  private BrokenTlsTraps() {}

  private static UnaryOperator<Site> tls(UnaryOperator<OddTlsBehaviour> change) {
    return site -> site.eachHost(h -> h.withTls(change));
  }

  private static UnaryOperator<Site> quirk(OddTlsBehaviour.TlsFault fault) {
    return tls(t -> t.withVersions(OddTlsBehaviour.TLS_1_2).with(fault));
  }

  private static UnaryOperator<Site> rsa(UnaryOperator<OddTlsBehaviour> change) {
    return site ->
        site.eachHost(
            h ->
                h.certified(l -> l.with(CertificateSpec.CertificateKeyType.RSA_2048))
                    .withTls(change));
  }

  private static UnaryOperator<Site> half(int version, Integer... suites) {
    return rsa(
        t -> t.withVersions(version).withSuites(suites).with(OddTlsBehaviour.TlsFault.HALF_WAY));
  }

  private static UnaryOperator<Site> dhe(OddTlsBehaviour.TlsFault size) {
    return rsa(t -> t.withVersions(OddTlsBehaviour.TLS_1_2).withSuites(DHE).with(size));
  }

  private static UnaryOperator<Site> only(Integer... suites) {
    return rsa(t -> t.withVersions(OddTlsBehaviour.TLS_1_2).withSuites(suites));
  }

  static List<Trap> all() {
    return List.of(
        trap(
            "C4 | SSLv3 only | " + AS_C1 + " | RFC 7568 3",
            NDS,
            half(OddTlsBehaviour.SSL_3, STATIC_RSA)),
        trap(
            "C7 | SSLv2 only | " + AS_C1 + " | RFC 6176 3",
            NDS,
            half(OddTlsBehaviour.SSL_2, STATIC_RSA)),
        trap(
            "C10 | RC4 only | " + AS_C1 + " | RFC 7465 2",
            N,
            half(OddTlsBehaviour.TLS_1_2, 0x0005, 0x0004)),
        trap(
            "C11 | 3DES only | not recommended; recorded | RFC 9325 4.1",
            N,
            half(OddTlsBehaviour.TLS_1_2, 0x000a)),
        trap(
            "C12 | export suites only | " + AS_C1 + " | RFC 9325 4.1",
            N,
            half(OddTlsBehaviour.TLS_1_0, 0x0003, 0x0006, 0x0008)),
        trap(
            "C13 | suites without encryption only | " + AS_C1 + " | RFC 9325 4.1",
            N,
            half(OddTlsBehaviour.TLS_1_2, 0x0001, 0x0002, 0x003b)),
        trap(
            "C14 | anonymous suites only | acceptable without a policy only | RFC 7672 8.2",
            NDS,
            tls(
                t ->
                    t.withVersions(OddTlsBehaviour.TLS_1_2)
                        .withSuites(ANONYMOUS)
                        .with(OddTlsBehaviour.ClientCertificateRequest.NOTHING, List.of()))),
        trap(
            "C15 | static RSA key exchange only | not recommended; recorded | RFC 9325 4.1",
            N,
            only(0x009c, 0x009d, 0x003c, 0x002f, 0x0035)),
        trap(
            "C17a | Diffie-Hellman with 512 bits only | " + AS_C1 + " | RFC 9325 4.2",
            N,
            dhe(OddTlsBehaviour.TlsFault.DH_512)),
        trap(
            "C17d | Diffie-Hellman with 768 bits only | " + AS_C1 + " | RFC 9325 4.2",
            N,
            dhe(OddTlsBehaviour.TlsFault.DH_768)),
        trap(
            "C17b | Diffie-Hellman with 1,024 bits only | not recommended; recorded | RFC 9325 4.2",
            N,
            dhe(OddTlsBehaviour.TlsFault.DH_1024)),
        trap(
            "C17c | Diffie-Hellman with 2,048 bits only | recorded | RFC 9325 4.2",
            N,
            dhe(OddTlsBehaviour.TlsFault.DH_2048)),
        trap(
            "C20a | the key exchange is signed with SHA-1 | abort | RFC 9155 3",
            N,
            quirk(OddTlsBehaviour.TlsFault.SHA1_SIGNATURE)),
        trap(
            "C20b | the key exchange is signed with MD5 | abort | RFC 9155 2",
            N,
            rsa(
                t ->
                    t.withVersions(OddTlsBehaviour.TLS_1_2)
                        .with(OddTlsBehaviour.TlsFault.MD5_SIGNATURE))),
        trap(
            "C23a | a suite that was not offered | abort | RFC 8446 4.1.3",
            N,
            quirk(OddTlsBehaviour.TlsFault.UNOFFERED_SUITE)),
        trap(
            "C23b | a version that was not offered | abort | RFC 8446 4.1.3",
            N,
            quirk(OddTlsBehaviour.TlsFault.UNOFFERED_VERSION)),
        trap(
            "C23c | an application protocol that was not offered | abort | RFC 7301 3.1",
            N,
            quirk(OddTlsBehaviour.TlsFault.UNOFFERED_PROTOCOL)),
        trap(
            "C27 | breaks on TLS 1.3, works with TLS 1.2 | lower only with SCSV; never plaintext under a policy | RFC 7507 4",
            NDS,
            quirk(OddTlsBehaviour.TlsFault.DIES_ON_TLS13)),
        trap(
            "C29 | a session from before the policy is resumed | verify again: defer | RFC 8446 4.6.1",
            S,
            BrokenTlsTraps::resumed));
  }

  /**
   * At first the policy is for testing only, and a bad certificate passes; then it is enforced. To
   * look for a newer policy while the old one is valid is optional (RFC 8461 5.1): so the host
   * defers mail until the sender has the new one.
   */
  private static Site resumed(Site site) {
    return site.eachHost(
            h ->
                h.certified(l -> l.with(CertificateSpec.CertificateIssuer.SELF))
                    .withTls(
                        t ->
                            t.withVersions(OddTlsBehaviour.TLS_1_2)
                                .with(OddTlsBehaviour.TlsFault.SESSIONS)))
        .withPolicyChange(p -> p.withMode("testing"))
        .withSmtp(s -> s.with(SmtpBehaviour.RcptBehaviour.DEFER))
        .later(
            s ->
                s.withSmtp(h -> h.with(SmtpBehaviour.RcptBehaviour.DEFER_UNTIL_FETCHED))
                    .withPolicyChange(p -> p.withMode("enforce").withTxt("v=STSv1; id=2;")));
  }
}

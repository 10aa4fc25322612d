package org.sealwax.mail.tls.verdict;

import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of a TLS handshake: the facts for log, Received, Observation and receipt.
 *
 * @param version negotiated
 * @param suite the IANA name, {@code TLS_AES_256_GCM_SHA384}
 * @param bits effective key bits of the suite
 * @param group key exchange group as negotiated ({@code X25519MLKEM768}, {@code x25519}, {@code
 *     secp256r1}), or null where the engine and the wire do not show it (a resumed TLS 1.2 session)
 * @param resumed whether a former session was resumed
 * @param serverName SNI as sent or received, or null
 * @param peerChain as sent by the peer, leaf first; empty when anonymous. Of a resumed session: the
 *     stored one
 * @param ownCertificate whether we showed a certificate of our own
 * @param verdict judged again for each handshake
 * @param proof the evidence for the verdict
 * @param notes findings that change nothing: {@code no clientAuth purpose}
 */
public record Handshake(
    TlsVersion version,
    String suite,
    int bits,
    @Nullable String group,
    boolean resumed,
    @Nullable String serverName,
    List<X509Certificate> peerChain,
    boolean ownCertificate,
    Verdict verdict,
    Proof proof,
    List<String> notes) {
  /** Copies. */
  public Handshake {
    peerChain = List.copyOf(peerChain);
    notes = List.copyOf(notes);
  }

  /** {@return whether a key that is stolen later opens nothing that was recorded before} */
  public boolean isForwardSecret() {
    return !suite.startsWith("TLS_RSA_");
  }

  /**
   * {@return the same with another verdict; what the chain proves by itself stays}
   *
   * @param as the new verdict
   */
  public Handshake withVerification(Verdict as) {
    return new Handshake(
        version,
        suite,
        bits,
        group,
        resumed,
        serverName,
        peerChain,
        ownCertificate,
        as,
        proof,
        notes);
  }

  /**
   * Facts without a proof beyond the verdict.
   *
   * @param version negotiated
   * @param suite the IANA name
   * @param bits effective key bits of the suite
   * @param group key exchange group, or null where it is not known
   * @param resumed whether a former session was resumed
   * @param serverName SNI, or null for none
   * @param peerChain as sent by the peer, leaf first
   * @param ownCertificate whether we showed a certificate
   * @param verdict the verdict
   * @param notes remarks that change nothing
   */
  public Handshake(
      TlsVersion version,
      String suite,
      int bits,
      @Nullable String group,
      boolean resumed,
      @Nullable String serverName,
      List<X509Certificate> peerChain,
      boolean ownCertificate,
      Verdict verdict,
      List<String> notes) {
    this(
        version,
        suite,
        bits,
        group,
        resumed,
        serverName,
        peerChain,
        ownCertificate,
        verdict,
        Proof.of(verdict),
        notes);
  }
}

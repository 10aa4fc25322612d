package org.sealwax.router.receive;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.tls.PeerVerifier;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * Client certificates that grant relay.
 *
 * <p>The chain is judged again for this question, against each row's own pins, or its own authority
 * and names, and nothing else. The verdict of the handshake does not count: it is made with the
 * public roots too, under which an attacker who controls a name in the DNS for a minute gets a
 * certificate for it.
 */
@FunctionalInterface
public interface TrustedCertificates {
  /** What grants relay to a peer with this handshake, new or resumed, if anything. */
  Optional<ClientTrust> trust(Handshake handshake);

  /** No certificate grants relay. */
  static TrustedCertificates none() {
    return handshake -> Optional.empty();
  }

  /**
   * Those that one of {@code rows} verifies: a chain that is merely trusted grants nothing.
   *
   * @param verifier of the certificates of clients
   * @param rows each with the roots that count for its names, and only those
   */
  static TrustedCertificates of(PeerVerifier verifier, List<ReferenceIdentity> rows) {
    List<ReferenceIdentity> all = List.copyOf(rows);
    return handshake -> {
      for (ReferenceIdentity row : all) {
        Verdict verdict = verifier.verify(handshake.peerChain(), row, PeerRole.CLIENT).verdict();
        if (verdict instanceof Verdict.Verified verified) {
          return Optional.of(new ClientTrust.RelayCertificate(verified.text()));
        }
      }
      return Optional.empty();
    };
  }
}

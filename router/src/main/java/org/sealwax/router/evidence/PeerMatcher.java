package org.sealwax.router.evidence;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.Verdict;

/** A test if a client is one of a named peer's own MX hosts. Thread-safe. */
@FunctionalInterface
public interface PeerMatcher {
  /**
   * The peer that a client matches.
   *
   * @param peer the domain of the row
   * @param verdict {@code verified(mirror …)}
   * @param relay whether the row grants relay to the peer
   */
  record PeerMatch(Domain peer, Verdict.Verified verdict, boolean relay) {}

  /**
   * The peer that this certificate identifies, if any; from memory, without waiting.
   *
   * @param chain as shown, leaf first; of a resumed session the stored one; empty: no certificate
   */
  Optional<PeerMatch> of(List<X509Certificate> chain);

  /** No peer is named. */
  static PeerMatcher none() {
    return chain -> Optional.empty();
  }
}

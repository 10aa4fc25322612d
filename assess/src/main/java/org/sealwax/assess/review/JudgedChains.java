package org.sealwax.assess.review;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.assess.AddressVisit;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.PeerVerifier;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.PeerVerification;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * The chains of one address, judged: names, dates and trust apart from each other, so that an
 * expired certificate does not hide a missing intermediate.
 *
 * @param roots what is trusted
 * @param clock for validity
 * @param verifier remembers roots and chains, of which a survey meets the same again and again
 */
record JudgedChains(TrustRoots roots, Clock clock, PeerVerifier verifier) {
  JudgedChains(TrustRoots roots, Clock clock) {
    this(roots, clock, new PeerVerifier(clock));
  }

  /** One chain. */
  record JudgedChain(String keyType, List<X509Certificate> certificates) {
    X509Certificate leaf() {
      return certificates.getFirst();
    }
  }

  static List<JudgedChain> of(AddressVisit visit) {
    List<JudgedChain> all = new ArrayList<>();
    for (Map.Entry<String, List<X509Certificate>> e : visit.facts().chains().entrySet()) {
      if (!e.getValue().isEmpty()) {
        all.add(new JudgedChain(e.getKey(), e.getValue()));
      }
    }
    return all;
  }

  /** Which name of these it carries. */
  static Optional<Domain> named(JudgedChain chain, List<Domain> wanted) {
    return NameCheck.match(chain.leaf(), wanted);
  }

  /** Whether a path leads from the leaf to a trusted root now. */
  boolean holdsNow(JudgedChain chain) {
    return flaw(chain, clock.now()).isEmpty();
  }

  /** Why the chain does not hold at a time at which its dates do; empty when it holds. */
  Optional<Verdict.Reason> flaw(JudgedChain chain) {
    return flaw(chain, withinDates(chain));
  }

  private Optional<Verdict.Reason> flaw(JudgedChain chain, Instant at) {
    PeerVerification verification =
        verifier.verify(
            chain.certificates(),
            new ReferenceIdentity(List.of(), java.util.Set.of(), roots),
            PeerRole.SERVER,
            at);
    return switch (verification.verdict()) {
      case Verdict.Untrusted untrusted -> Optional.of(untrusted.reason());
      case Verdict.Anonymous a -> Optional.of(Verdict.Reason.UNKNOWN_ISSUER);
      case Verdict.Trusted t -> Optional.empty();
      case Verdict.Verified v -> Optional.empty();
    };
  }

  /** Now, or the nearest moment at which the leaf is valid. */
  private Instant withinDates(JudgedChain chain) {
    Instant now = clock.now();
    Instant from = chain.leaf().getNotBefore().toInstant();
    Instant until = chain.leaf().getNotAfter().toInstant();
    return Collections.max(List.of(from, Collections.min(List.of(now, until))));
  }

  /** Whether the leaf's own signature is by its own key. */
  static boolean selfSigned(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal());
  }
}

package org.sealwax.assess.review;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.assess.Visit;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.Judge;
import org.sealwax.mail.tls.verdict.Judgement;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * The chains of one address, judged: names, dates and trust apart from each other, so that an
 * expired certificate does not hide a missing intermediate.
 *
 * @param roots what is trusted
 * @param clock for validity
 * @param judge remembers roots and chains, of which a survey meets the same again and again
 */
record Chains(TrustRoots roots, Clock clock, Judge judge) {
  Chains(TrustRoots roots, Clock clock) {
    this(roots, clock, new Judge(clock));
  }

  /** One chain. */
  record Chain(String type, List<X509Certificate> certificates) {
    X509Certificate leaf() {
      return certificates.getFirst();
    }
  }

  static List<Chain> of(Visit visit) {
    List<Chain> all = new ArrayList<>();
    for (Map.Entry<String, List<X509Certificate>> e : visit.sightings().chains().entrySet()) {
      if (!e.getValue().isEmpty()) {
        all.add(new Chain(e.getKey(), e.getValue()));
      }
    }
    return all;
  }

  /** Which name of these it carries. */
  static Optional<Domain> named(Chain chain, List<Domain> wanted) {
    return NameCheck.match(chain.leaf(), wanted);
  }

  /** Whether a path leads from the leaf to a trusted root now. */
  boolean holdsNow(Chain chain) {
    return flaw(chain, clock.now()).isEmpty();
  }

  /** Why the chain does not hold at a time at which its dates do; empty when it holds. */
  Optional<Verdict.Reason> flaw(Chain chain) {
    return flaw(chain, withinDates(chain));
  }

  private Optional<Verdict.Reason> flaw(Chain chain, Instant at) {
    Judgement judgement =
        judge.judge(
            chain.certificates(),
            new References(List.of(), java.util.Set.of(), roots),
            PeerRole.SERVER,
            at);
    return switch (judgement.verdict()) {
      case Verdict.Untrusted untrusted -> Optional.of(untrusted.reason());
      case Verdict.Anonymous a -> Optional.of(Verdict.Reason.UNKNOWN_ISSUER);
      case Verdict.Trusted t -> Optional.empty();
      case Verdict.Verified v -> Optional.empty();
    };
  }

  /** Now, or the nearest moment at which the leaf is valid. */
  private Instant withinDates(Chain chain) {
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

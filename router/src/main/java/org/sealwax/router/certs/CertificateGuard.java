package org.sealwax.router.certs;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.PeerVerifier;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.router.certs.LoadDecision.JudgedPair;

/**
 * Judges pairs as a sender with DANE and one with MTA-STS would. Thread-safe; the decision depends
 * on its arguments and the roots alone.
 */
public final class CertificateGuard {
  private final Supplier<TrustRoots> roots;
  private final PeerVerifier verifier;

  /**
   * Reads no roots yet.
   *
   * @param roots the public roots, read with the first judgement
   */
  public CertificateGuard(Supplier<TrustRoots> roots) {
    this.roots = roots;
    // Every call has its time; the clock of the verifier is not used.
    this.verifier = new PeerVerifier(Clock.system());
  }

  /** {@return the defects of a pair now} */
  Set<PairDefect> defects(Identity pair, PublishedNames published, Instant now) {
    return PairDefect.of(pair, published, roots.get(), verifier, now);
  }

  private JudgedPair judged(Identity pair, PublishedNames published, Instant now) {
    Instant past = pair.expires().plus(Duration.ofSeconds(1));
    return new JudgedPair(
        pair.expires(),
        defects(pair, published, now),
        defects(pair, published, past.isAfter(now) ? past : now));
  }

  /**
   * {@return whether a pair replaces another one}
   *
   * @param former in force; null: there is none
   * @param fresh the new one
   */
  LoadDecision decide(
      @Nullable Identity former, Identity fresh, PublishedNames published, Instant now) {
    return LoadDecision.of(
        former == null ? null : judged(former, published, now), judged(fresh, published, now), now);
  }
}

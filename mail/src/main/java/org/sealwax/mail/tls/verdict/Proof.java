package org.sealwax.mail.tls.verdict;

import org.jspecify.annotations.Nullable;

/**
 * The evidence for a verdict, apart from the one word of the {@link Verdict}: a requirement may
 * demand several things together, and each is checked here.
 *
 * @param isChainValid the chain leads to a root of the references and is valid now
 * @param association the matching TLSA association of the references, or null
 */
public record Proof(boolean isChainValid, @Nullable TlsaAssociation association) {
  /** Nothing is proven. */
  public static final Proof NONE = new Proof(false, null);

  /** The proof that follows from a verdict alone. */
  static Proof of(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Trusted t -> new Proof(true, null);
      case Verdict.Verified v -> new Proof(v.by() == Verdict.IdentifiedBy.NAME, null);
      case Verdict.Anonymous a -> NONE;
      case Verdict.Untrusted u -> NONE;
    };
  }
}

package org.sealwax.router.certs;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.Identity;

/**
 * A slot, its pair in force, and the pair that waits or was refused. Only {@link
 * ServerCertificates} changes it.
 */
final class SlotInForce {
  final CertificateSlot slot;

  /** Stamp of the source at the last reading; null: never read. */
  @Nullable String seen;

  /** Stamp at the last turn: files are read when they are the same for two turns. */
  @Nullable String settling;

  /** What every handshake shows. */
  volatile @Nullable Identity inForce;

  /** What the source has, while that is not in force. */
  volatile @Nullable Identity offered;

  /** What was in force before, while {@link #inForce} is not judged by all answers of the DNS. */
  @Nullable Identity former;

  /** Why {@link #offered}, or what cannot be read, is not in force; null: nothing is refused. */
  volatile @Nullable Refusal refusal;

  /** Why {@link #offered} waits although its records are published; null: it need not. */
  @Nullable CachedMismatch cached;

  /** When the pairs are judged again; null: not before the source changes. */
  @Nullable Instant due;

  /** {@link #inForce} is not yet what the state folder keeps. */
  boolean unsaved;

  /** Why it could not be written there; logged once. */
  String saveFailure = "";

  /** Who refuses a pair. */
  enum RefusedBy {
    /** The reader: it is not a pair, or cannot be read. */
    READER,
    /** The guard. */
    GUARD,
    /** The guard, and the pair in force ends soon: an admin must act. */
    GUARD_WITH_ALARM
  }

  /**
   * Why the pair of the source is not in force.
   *
   * @param by the reader or the guard
   * @param text in words
   */
  record Refusal(RefusedBy by, String text) {
    boolean isUnusable() {
      return by == RefusedBy.READER;
    }
  }

  SlotInForce(CertificateSlot slot) {
    this.slot = slot;
  }

  /** {@return whether the source has another pair, or one must be judged again} */
  boolean isDue(Instant now) {
    return unsaved || !slot.source().stamp().equals(seen) || isJudged(now);
  }

  /** {@return whether the pairs are judged now; a time further off: the clock went back} */
  boolean isJudged(Instant now) {
    Instant again = due;
    return again != null
        && (!again.isAfter(now) || again.isAfter(now.plus(ServerCertificates.AGAIN)));
  }

  /** {@return the pair that was in force with all answers of the DNS} */
  @Nullable Identity lastGood() {
    return former == null ? inForce : former;
  }
}

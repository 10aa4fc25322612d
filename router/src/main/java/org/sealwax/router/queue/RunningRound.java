package org.sealwax.router.queue;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.queue.KnownNextHops.NextHopState;
import org.sealwax.router.spool.DueBatch;

/** A round under way. */
public final class RunningRound {
  final DueBatch batch;
  final NextHopState hop;
  final Instant began;
  private final @Nullable Duration patience;
  private final boolean knownBefore;
  SlotClass slots;
  MxAddresses.@Nullable MxAddress address;
  @Nullable InetAddress busyAt;
  boolean greeted;
  boolean aged;

  /** The sender's domain for whose new mail its slot was kept, or null. */
  @Nullable String keptFor;

  boolean ended;

  RunningRound(
      DueBatch batch,
      NextHopState hop,
      SlotClass slots,
      Instant began,
      @Nullable Duration patience) {
    this.batch = batch;
    this.hop = hop;
    this.slots = slots;
    this.began = began;
    this.patience = patience;
    this.knownBefore = hop.greeted;
  }

  /** Whether it lasts long by then. */
  boolean isOld(Instant now) {
    return !began.plus(Scheduler.SLOW).isAfter(now);
  }

  /** What it carries. */
  public DueBatch batch() {
    return batch;
  }

  /** The longest wait for a greeting, or null when it is the usual one. */
  public @Nullable Duration patience() {
    return patience;
  }

  /** Whether a host of the next hop had greeted us before it began. */
  public boolean knownBefore() {
    return knownBefore;
  }
}

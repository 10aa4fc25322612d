package org.sealwax.mail.policy;

import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.verdict.TlsException;

/**
 * The recent TLS results of one host, as the fallback ladder needs them; immutable. Not the ledger:
 * it is kept in memory, raises nothing, and only determines where on the ladder to begin and what
 * counts as a downgrade.
 *
 * @param strongest the highest step at which TLS was established within {@link
 *     FallbackLadder#POSITIVE_MEMORY}, or null
 * @param strongestAt when that was last seen, or null
 * @param broken steps that broke, with the time; ends within {@link FallbackLadder#NEGATIVE_MEMORY}
 * @param fullFailedFirst when the full offer first broke since it last worked, or null
 * @param fullFailedLast when it last broke, or null
 * @param starttlsRefusedFirst when STARTTLS was first answered 4yz or 5yz since it last worked, or
 *     null
 * @param brokenSince when TLS first failed since it last worked: a handshake broke, or a host that
 *     has done TLS refused STARTTLS or offered none; null while TLS works. The hold before
 *     plaintext counts from it, for all mail to the host
 * @param brokenLast when TLS last failed; the memory of both ends {@link
 *     FallbackLadder#NEGATIVE_MEMORY} after it
 */
public record HostMemory(
    @Nullable FallbackStep strongest,
    @Nullable Instant strongestAt,
    Map<FallbackStep, Instant> broken,
    @Nullable Instant fullFailedFirst,
    @Nullable Instant fullFailedLast,
    @Nullable Instant starttlsRefusedFirst,
    @Nullable Instant brokenSince,
    @Nullable Instant brokenLast) {
  private static final HostMemory NOTHING =
      new HostMemory(null, null, Map.of(), null, null, null, null, null);

  /** Copies. */
  public HostMemory {
    broken = Map.copyOf(broken);
    if ((strongest == null) != (strongestAt == null)
        || (brokenSince == null) != (brokenLast == null)) {
      throw new IllegalArgumentException("a step and its time, and both times, are set together");
    }
  }

  /** {@return a host never met} */
  public static HostMemory nothing() {
    return NOTHING;
  }

  /**
   * {@return the same after {@code observation} on {@code step}}
   *
   * @param observation what the last connection showed
   * @param step the fallback step
   * @param now the current time
   */
  public HostMemory after(Observation observation, FallbackStep step, Instant now) {
    return switch (observation) {
      case Observation.Encrypted e -> worked(step, now);
      case Observation.HandshakeFailed b ->
          b.kind() == TlsException.Kind.NOTHING_IN_COMMON && hasNoStrongerHandshake()
              ? nothingInCommon(step, now)
              : broke(step, now);
      case Observation.StarttlsRefused r ->
          new HostMemory(
                  strongest,
                  strongestAt,
                  broken,
                  fullFailedFirst,
                  fullFailedLast,
                  starttlsRefusedFirst == null ? now : starttlsRefusedFirst,
                  brokenSince,
                  brokenLast)
              .vanished(now);
      case Observation.Unreachable u -> this;
      case Observation.RefusedByReply u -> this;
      case Observation.ConnectionLost b -> this;
      case Observation.Injected i -> this;
      // We decided not to use STARTTLS, so the result has no meaning for TLS.
      case Observation.Unencrypted c ->
          step == FallbackStep.CLEAR || c.starttlsOffered() ? this : vanished(now);
    };
  }

  /** Earlier results let us expect TLS, and the host did not provide it. */
  private HostMemory vanished(Instant now) {
    return strongest == null && brokenSince == null ? this : failed(now);
  }

  private HostMemory failed(Instant now) {
    return new HostMemory(
        strongest,
        strongestAt,
        broken,
        fullFailedFirst,
        fullFailedLast,
        starttlsRefusedFirst,
        brokenSince == null ? now : brokenSince,
        now);
  }

  private HostMemory worked(FallbackStep step, Instant now) {
    // A step below one that worked before is never remembered: an attacker who forced it once must
    // not get it again without effort.
    boolean higher = strongest == null || !step.isBelow(strongest);
    Map<FallbackStep, Instant> still = new EnumMap<>(FallbackStep.class);
    still.putAll(broken);
    still.remove(step);
    boolean full = step == FallbackStep.FULL;
    return new HostMemory(
        higher ? step : strongest,
        higher ? now : strongestAt,
        still,
        full ? null : fullFailedFirst,
        full ? null : fullFailedLast,
        null,
        null,
        null);
  }

  /**
   * An attacker on the path can send an alert: a host that has shown better goes down step by step.
   */
  private boolean hasNoStrongerHandshake() {
    return strongest == null || strongest == FallbackStep.COMPATIBLE;
  }

  /** Every step of the same engine below this one offers a part of what this one has offered. */
  private HostMemory nothingInCommon(FallbackStep step, Instant now) {
    HostMemory all = broke(step, now);
    for (FallbackStep lower : FallbackStep.values()) {
      if (lower.isBelow(step) && FallbackStep.COMPATIBLE.isBelow(lower)) {
        all = all.broke(lower, now);
      }
    }
    return all;
  }

  private HostMemory broke(FallbackStep step, Instant now) {
    Map<FallbackStep, Instant> more = new EnumMap<>(FallbackStep.class);
    more.putAll(broken);
    more.put(step, now);
    boolean full = step == FallbackStep.FULL;
    return new HostMemory(
            strongest,
            strongestAt,
            more,
            full && fullFailedFirst == null ? now : fullFailedFirst,
            full ? now : fullFailedLast,
            starttlsRefusedFirst,
            brokenSince,
            brokenLast)
        .failed(now);
  }

  /**
   * {@return the same without what is too old to count}
   *
   * @param now the current time
   */
  public HostMemory at(Instant now) {
    boolean keepShown =
        strongestAt != null && strongestAt.plus(FallbackLadder.POSITIVE_MEMORY).isAfter(now);
    Instant oldest = now.minus(FallbackLadder.NEGATIVE_MEMORY);
    Map<FallbackStep, Instant> still = new EnumMap<>(FallbackStep.class);
    broken.forEach(
        (step, when) -> {
          if (when.isAfter(oldest)) {
            still.put(step, when);
          }
        });
    boolean keepFull = fullFailedLast != null && fullFailedLast.isAfter(oldest);
    boolean keepRefused = starttlsRefusedFirst != null && starttlsRefusedFirst.isAfter(oldest);
    boolean keepBroken = brokenLast != null && brokenLast.isAfter(oldest);
    return new HostMemory(
        keepShown ? strongest : null,
        keepShown ? strongestAt : null,
        still,
        keepFull ? fullFailedFirst : null,
        keepFull ? fullFailedLast : null,
        keepRefused ? starttlsRefusedFirst : null,
        keepBroken ? brokenSince : null,
        keepBroken ? brokenLast : null);
  }
}

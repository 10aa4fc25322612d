package org.sealwax.policy;

import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a host has shown lately, as far as the ladder cares; immutable. Not the ledger: it lives in
 * memory, raises nothing, and only says where on the ladder to begin and what counts as a
 * downgrade.
 *
 * @param shown the highest rung at which TLS ever came about within {@link Ladder#POSITIVE_MEMORY},
 *     or null
 * @param shownAt when that was last seen, or null
 * @param broken rungs that broke, with the time; ends within {@link Ladder#NEGATIVE_MEMORY}
 * @param fullFailedFirst when the full offer first broke since it last worked, or null
 * @param fullFailedLast when it last broke, or null
 * @param starttlsRefusedFirst when STARTTLS was first answered 4yz or 5yz since it last worked, or
 *     null
 */
public record HostMemory(
    @Nullable Rung shown,
    @Nullable Instant shownAt,
    Map<Rung, Instant> broken,
    @Nullable Instant fullFailedFirst,
    @Nullable Instant fullFailedLast,
    @Nullable Instant starttlsRefusedFirst) {
  private static final HostMemory NOTHING = new HostMemory(null, null, Map.of(), null, null, null);

  /** Copies. */
  public HostMemory {
    broken = Map.copyOf(broken);
  }

  /** A host never met. */
  public static HostMemory nothing() {
    return NOTHING;
  }

  /** The same after {@code observation} on {@code rung}. */
  public HostMemory after(Observation observation, Rung rung, Instant now) {
    return switch (observation) {
      case Observation.Encrypted e -> worked(rung, now);
      case Observation.HandshakeBroken b -> broke(rung, now);
      case Observation.StarttlsRefused r ->
          starttlsRefusedFirst != null
              ? this
              : new HostMemory(shown, shownAt, broken, fullFailedFirst, fullFailedLast, now);
      case Observation.Unreachable u -> this;
      case Observation.Unwelcome u -> this;
      case Observation.BrokenOff b -> this;
      case Observation.Injected i -> this;
      case Observation.Clear c -> this;
    };
  }

  private HostMemory worked(Rung rung, Instant now) {
    // A rung below one shown before is never remembered: the attacker who forced it once must not
    // have it for the asking from then on.
    boolean higher = shown == null || !rung.isBelow(shown);
    Map<Rung, Instant> still = new EnumMap<>(Rung.class);
    still.putAll(broken);
    still.remove(rung);
    boolean full = rung == Rung.FULL;
    return new HostMemory(
        higher ? rung : shown,
        higher ? now : shownAt,
        still,
        full ? null : fullFailedFirst,
        full ? null : fullFailedLast,
        null);
  }

  private HostMemory broke(Rung rung, Instant now) {
    Map<Rung, Instant> more = new EnumMap<>(Rung.class);
    more.putAll(broken);
    more.put(rung, now);
    boolean full = rung == Rung.FULL;
    return new HostMemory(
        shown,
        shownAt,
        more,
        full && fullFailedFirst == null ? now : fullFailedFirst,
        full ? now : fullFailedLast,
        starttlsRefusedFirst);
  }

  /** The same without what is too old to count. */
  public HostMemory at(Instant now) {
    boolean keepShown = shownAt != null && shownAt.plus(Ladder.POSITIVE_MEMORY).isAfter(now);
    Instant oldest = now.minus(Ladder.NEGATIVE_MEMORY);
    Map<Rung, Instant> still = new EnumMap<>(Rung.class);
    broken.forEach(
        (rung, when) -> {
          if (when.isAfter(oldest)) {
            still.put(rung, when);
          }
        });
    boolean keepFull = fullFailedLast != null && fullFailedLast.isAfter(oldest);
    boolean keepRefused = starttlsRefusedFirst != null && starttlsRefusedFirst.isAfter(oldest);
    return new HostMemory(
        keepShown ? shown : null,
        keepShown ? shownAt : null,
        still,
        keepFull ? fullFailedFirst : null,
        keepFull ? fullFailedLast : null,
        keepRefused ? starttlsRefusedFirst : null);
  }
}

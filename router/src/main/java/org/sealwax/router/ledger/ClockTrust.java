package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;

/**
 * The judgement if the wall clock can be trusted. A jump of more than an hour against the monotonic
 * clock, or against the last time that was stored, makes it doubtful: an attacker who sets our
 * clock must not make levels fall away or holds end. It is believed again when it comes back to
 * where it was, when the admin says so, or when enough peers of different organisations have shown
 * certificates by public roots that hold at that time: such certificates live for weeks, so a clock
 * that is far off makes none of them hold. A hold counts from there again. Not thread-safe.
 */
final class ClockTrust {
  /** What a clock may be off, with restarts and slow correction. */
  static final Duration TOLERANCE = Duration.ofHours(1);

  /** Sessions with verified peers that confirm a clock. */
  static final int WITNESSES = 10;

  /** Organisations among them, at least. */
  static final int ORGANISATIONS = 5;

  private Instant wall;
  private long mono;
  private boolean trusted;
  private Instant steadySince;

  /** Whether the doubt is about a jump that we watched: only such a doubt ends by itself. */
  private boolean jumpedWhileTrusted;

  private int witnesses;
  private final Set<Domain> organisations = new HashSet<>();

  /**
   * Begins to watch.
   *
   * @param stored the last time that was stored, or null at the very first start
   * @param steady since when it was believed then
   */
  ClockTrust(Instant now, long nano, @Nullable Instant stored, Instant steady) {
    this.wall = now;
    this.mono = nano;
    this.trusted = stored == null || Duration.between(stored, now).abs().compareTo(TOLERANCE) <= 0;
    this.steadySince = steady;
  }

  /** The moment, and whether belief changed since the last call. */
  ClockReading read(Instant now, long nano) {
    Duration gap = Duration.between(wall, now).minusNanos(nano - mono).abs();
    boolean jumped = gap.compareTo(TOLERANCE) > 0;
    if (trusted && jumped) {
      trusted = false;
      jumpedWhileTrusted = true;
      witnesses = 0;
      organisations.clear();
    } else if (!trusted && !jumped && jumpedWhileTrusted) {
      // Back on its line: what was believed before the jump is true again.
      trusted = true;
      jumpedWhileTrusted = false;
    }
    return new ClockReading(now, trusted, steadySince);
  }

  /** A peer of {@code organisation} was verified. */
  void peerVerified(Domain organisation, Instant now, long nano) {
    if (!trusted) {
      witnesses++;
      if (organisations.size() < ORGANISATIONS) {
        organisations.add(organisation);
      }
      if (witnesses >= WITNESSES && organisations.size() >= ORGANISATIONS) {
        confirm(now, nano);
      }
    }
  }

  /** From here on this is the time. */
  void confirm(Instant now, long nano) {
    wall = now;
    mono = nano;
    trusted = true;
    jumpedWhileTrusted = false;
    steadySince = now;
    witnesses = 0;
    organisations.clear();
  }

  boolean trusted() {
    return trusted;
  }
}

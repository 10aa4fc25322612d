package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.log.MailLog;

/**
 * The time as far as the ledger believes it, over restarts. A jump of more than an hour against the
 * monotonic clock, or against the last time that was stored, makes the wall clock doubtful: an
 * attacker who sets our clock must not make levels fall away or holds end. It is believed again
 * when it comes back to where it was, when the admin orders it, or when enough peers of different
 * organisations have shown certificates by public roots that hold at that time: such certificates
 * live for weeks, so a clock that is far off makes none of them hold. A hold counts from there
 * again. Thread-safe.
 */
final class LedgerClock {
  /** What a clock may be off, with restarts and slow correction. */
  static final Duration TOLERANCE = Duration.ofHours(1);

  /** Sessions with verified peers that confirm a clock. */
  static final int WITNESSES = 10;

  /** Organisations among them, at least. */
  static final int ORGANISATIONS = 5;

  /** How old the stored time may be on a quiet router: far below what makes a clock doubtful. */
  private static final Duration STORE = Duration.ofMinutes(5);

  private static final String CLOCK = "clock";
  private static final String STEADY = "steady";

  private static final String DOUBT =
      "the clock differs by more than an hour from the last known time: no level expires and nothing"
          + " is accepted until peers with valid certificates, or sealwax policy accept --clock,"
          + " confirm it";

  private final Clock clock;
  private final MailLog log;
  private Instant wall;
  private long mono;
  private boolean trusted = true;
  private Instant steadySince;

  /** Whether the doubt is about a jump that we watched: only such a doubt ends by itself. */
  private boolean jumpedWhileTrusted;

  private int witnesses;
  private final Set<Domain> organisations = new HashSet<>();
  private Instant stored = Instant.EPOCH;

  /**
   * Begins to watch.
   *
   * @param meta what was stored
   */
  LedgerClock(Clock clock, MailLog log, Map<String, Long> meta) {
    this.clock = clock;
    this.log = log;
    this.wall = clock.now();
    this.mono = clock.nanoTime();
    this.steadySince = Instant.ofEpochSecond(meta.getOrDefault(STEADY, 0L));
    if (meta.containsKey(CLOCK)) {
      Instant last = Instant.ofEpochSecond(meta.getOrDefault(CLOCK, 0L));
      trusted = Duration.between(last, wall).abs().compareTo(TOLERANCE) <= 0;
      if (!trusted) {
        log.warning("ledger", DOUBT + " (last known time: " + last + ")");
      }
    }
  }

  /** The time, and whether it is believed. */
  synchronized ClockReading read() {
    Instant now = clock.now();
    Duration gap = Duration.between(wall, now).minusNanos(clock.nanoTime() - mono).abs();
    boolean jumped = gap.compareTo(TOLERANCE) > 0;
    if (trusted && jumped) {
      trusted = false;
      jumpedWhileTrusted = true;
      witnesses = 0;
      organisations.clear();
      log.warning("ledger", DOUBT);
    } else if (!trusted && !jumped && jumpedWhileTrusted) {
      // Back on its line: what was believed before the jump is true again.
      trusted = true;
      jumpedWhileTrusted = false;
      log.warning("ledger", "the clock is correct again");
    }
    return new ClockReading(now, trusted, steadySince);
  }

  /** A peer of {@code organisation} was verified while the time is in doubt. */
  synchronized void peerVerified(Domain organisation) {
    if (trusted) {
      return;
    }
    witnesses++;
    if (organisations.size() < ORGANISATIONS) {
      organisations.add(organisation);
    }
    if (witnesses >= WITNESSES && organisations.size() >= ORGANISATIONS) {
      believe();
      log.warning("ledger", "the clock is confirmed by peers; holds start again");
    }
  }

  /** The admin confirms the clock; holds begin again. */
  synchronized void confirm() {
    believe();
    log.note("ledger", "the clock is confirmed by the admin; holds start again");
  }

  /** From here on this is the time. */
  private void believe() {
    wall = clock.now();
    mono = clock.nanoTime();
    trusted = true;
    jumpedWhileTrusted = false;
    steadySince = wall;
    witnesses = 0;
    organisations.clear();
  }

  /**
   * What is to be stored now, for the thread that writes. A time in doubt is not: the next start
   * must doubt it too.
   *
   * @param writes whether something else is written anyway
   */
  Map<String, Long> due(boolean writes) {
    ClockReading at = read();
    boolean old = Duration.between(stored, at.now()).abs().compareTo(STORE) >= 0;
    if (!at.trusted() || !old && !writes) {
      return Map.of();
    }
    stored = at.now();
    long steady = Math.max(0, at.steadySince().getEpochSecond());
    return Map.of(CLOCK, at.now().getEpochSecond(), STEADY, steady);
  }
}

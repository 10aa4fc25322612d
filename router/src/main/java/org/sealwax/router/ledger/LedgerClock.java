package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.log.MailLog;

/** The time as far as the ledger believes it, over restarts. Thread-safe. */
final class LedgerClock {
  /** How old the stored time may be on a quiet router: far below what makes a clock doubtful. */
  private static final Duration STORE = Duration.ofMinutes(5);

  private static final String CLOCK = "clock";
  private static final String STEADY = "steady";

  private static final String DOUBT =
      "the clock differs by more than an hour from what was known: no level falls away and nothing"
          + " is accepted until peers with valid certificates, or sealwax policy accept --clock,"
          + " confirm it";

  private final Clock clock;
  private final MailLog log;
  private final ClockTrust trust;
  private Instant stored = Instant.EPOCH;

  /**
   * Begins to watch.
   *
   * @param meta what was stored
   */
  LedgerClock(Clock clock, MailLog log, Map<String, Long> meta) {
    this.clock = clock;
    this.log = log;
    Long last = meta.get(CLOCK);
    this.trust =
        new ClockTrust(
            clock.now(),
            clock.nanoTime(),
            last == null ? null : Instant.ofEpochSecond(last),
            Instant.ofEpochSecond(meta.getOrDefault(STEADY, 0L)));
    if (last != null && !trust.trusted()) {
      log.warning("ledger", DOUBT + " (last known time: " + Instant.ofEpochSecond(last) + ")");
    }
  }

  /** The time, and whether it is believed. */
  ClockReading read() {
    boolean before;
    ClockReading reading;
    synchronized (trust) {
      before = trust.trusted();
      reading = trust.read(clock.now(), clock.nanoTime());
    }
    if (before != reading.trusted()) {
      log.warning("ledger", reading.trusted() ? "the clock is right again" : DOUBT);
    }
    return reading;
  }

  /** A peer of {@code organisation} was verified while the time is in doubt. */
  void peerVerified(Domain organisation) {
    boolean confirmed;
    synchronized (trust) {
      trust.peerVerified(organisation, clock.now(), clock.nanoTime());
      confirmed = trust.trusted();
    }
    if (confirmed) {
      log.warning("ledger", "the clock is confirmed by peers; holds begin anew");
    }
  }

  /** The admin confirms the clock; holds begin again. */
  void confirm() {
    synchronized (trust) {
      trust.confirm(clock.now(), clock.nanoTime());
    }
    log.note("ledger", "the clock is confirmed by the admin; holds begin anew");
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

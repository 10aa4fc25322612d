package org.sealwax.router.ledger;

import java.util.Map;
import org.sealwax.mail.net.Clock;

/** The greetings of hosts that no delivery needs, of one day (UTC), over restarts. Thread-safe. */
final class ProbeBudget {
  private static final String DAY = "greeting-day";
  private static final String USED = "greetings";

  private final Clock clock;
  private HostRecord.Days used;
  private boolean unsaved;

  ProbeBudget(Clock clock, Map<String, Long> meta) {
    this.clock = clock;
    long count = Math.clamp(meta.getOrDefault(USED, 0L), 0, PersistentLedger.GREETINGS_A_DAY);
    this.used = new HostRecord.Days((int) count, meta.getOrDefault(DAY, 0L));
  }

  synchronized boolean tryTake() {
    long today = LevelProgress.day(clock.now());
    int count = used.last() == today ? used.count() : 0;
    if (count >= PersistentLedger.GREETINGS_A_DAY) {
      return false;
    }
    used = new HostRecord.Days(count + 1, today);
    unsaved = true;
    return true;
  }

  /** What is to be written; it counts as written until it is put back. */
  synchronized Map<String, Long> takeUnsaved() {
    boolean due = unsaved;
    unsaved = false;
    return due ? Map.of(DAY, used.last(), USED, (long) used.count()) : Map.of();
  }

  /** It could not be written. */
  synchronized void putBack(Map<String, Long> taken) {
    unsaved |= !taken.isEmpty();
  }
}

package org.sealwax.router.queue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * The retry schedule (RFC 5321 4.5.4.1): minutes at first, hours later, and an end.
 *
 * @param waits after the first round, the second, …; the last one repeats
 * @param jitter each wait is lengthened or shortened by up to this part of it, 0 to 0.9, so that
 *     mail that failed together does not come back together
 * @param lifetime after arrival; the last try is at its end
 * @param delayNotice after arrival: the sender is notified once that the message is late; zero or
 *     longer than the lifetime means never
 */
public record RetrySchedule(
    @Setting(
            name = "retry",
            fallback = {"2m", "5m", "10m", "20m", "40m", "1h", "2h", "4h"},
            least = "1s",
            filled = true,
            doc =
                "Retry schedule: waits after the first, second, … attempt; the last one repeats. Each wait varies by a fifth.")
        List<Duration> waits,
    double jitter,
    @Setting(
            fallback = "5d",
            least = "1s",
            doc = "Maximum time in the queue; then the mail is bounced.")
        Duration lifetime,
    @Setting(
            fallback = "4h",
            doc = "Time after which the sender is notified once of the delay; \"0s\": never.")
        Duration delayNotice) {
  /** Waits vary by a fifth, so that messages of one hour do not stay together. */
  static final double JITTER = 0.2;

  /** A shorter wait would be a busy loop against another server. */
  public static final Duration SHORTEST_WAIT = Duration.ofSeconds(1);

  /** How long before the end of its lifetime mail is held that must not bounce. */
  public static final Duration HELD_BEFORE_THE_END = Duration.ofDays(1);

  /** Checks and copies. */
  public RetrySchedule {
    waits = List.copyOf(waits);
    if (waits.isEmpty() || waits.stream().anyMatch(w -> w.compareTo(SHORTEST_WAIT) < 0)) {
      throw new IllegalArgumentException("waits of at least a second are needed");
    }
    if (!(jitter >= 0 && jitter <= 0.9)) {
      throw new IllegalArgumentException("jitter is from 0 to 0.9");
    }
    if (lifetime.isNegative() || delayNotice.isNegative()) {
      throw new IllegalArgumentException("negative time");
    }
  }

  /** Five days; RFC 5321 requires at least 4 to 5. */
  public static RetrySchedule defaults() {
    return SettingsRecord.defaults(RetrySchedule.class, Map.of("jitter", JITTER));
  }

  /**
   * When the next round is, never before the shortest wait from now, and at the end of the lifetime
   * rather than after it.
   *
   * @param rounds done so far, at least 1
   * @param chance from 0.0 to 1.0
   */
  public Instant next(int rounds, Instant arrived, Instant now, double chance) {
    Duration wait = waits.get(Math.min(Math.max(rounds, 1), waits.size()) - 1);
    double factor = 1 - jitter + 2 * jitter * chance;
    Instant next = now.plusMillis((long) (wait.toMillis() * factor));
    Instant end = arrived.plus(lifetime);
    if (next.isAfter(end)) {
      next = end;
    }
    Instant earliest = now.plus(SHORTEST_WAIT);
    return next.isBefore(earliest) ? earliest : next;
  }

  /** Whether the lifetime is over. */
  public boolean isOver(Instant arrived, Instant now) {
    return !now.isBefore(arrived.plus(lifetime));
  }

  /**
   * Whether mail that only our memory keeps back is held now: while there is time left to release
   * it.
   */
  public boolean isHoldDue(Instant arrived, Instant now) {
    Duration half = lifetime.dividedBy(2);
    Duration left = half.compareTo(HELD_BEFORE_THE_END) < 0 ? half : HELD_BEFORE_THE_END;
    return !now.isBefore(arrived.plus(lifetime).minus(left));
  }

  /** Whether the notice of the delay is due by now. */
  public boolean isDelayNoticeDue(Instant arrived, Instant now) {
    return !delayNotice.isZero() && !now.isBefore(arrived.plus(delayNotice));
  }
}

package org.sealwax.router.log;

import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;

/** Lets one line of a kind through in each period, and counts the others. Thread-safe. */
final class RepeatLimit {
  /** Lines of one kind are this far apart. */
  static final Duration APART = Duration.ofMinutes(1);

  /** Kinds that are remembered. */
  static final int MOST = 64;

  private final Clock clock;
  private final Map<String, RepeatCount> counts = BoundedMap.byUse(MOST);

  private static final class RepeatCount {
    private final long at;
    private long others;

    private RepeatCount(long at) {
      this.at = at;
    }
  }

  RepeatLimit(Clock clock) {
    this.clock = clock;
  }

  /**
   * Empty when the line is over the limit; else the number of lines suppressed since the last one.
   */
  OptionalLong next(String kind) {
    return next(kind, APART);
  }

  /** The same for lines that are further apart. */
  synchronized OptionalLong next(String kind, Duration apart) {
    long now = clock.nanoTime();
    RepeatCount last = counts.get(kind);
    if (last != null && now - last.at < apart.toNanos()) {
      last.others++;
      return OptionalLong.empty();
    }
    counts.put(kind, new RepeatCount(now));
    return OptionalLong.of(last == null ? 0 : last.others);
  }

  /** The text with the number of lines that were left out since the last one. */
  static String noted(String text, long more) {
    return more == 0
        ? text
        : text + " (" + CountText.of(more, "time") + " more since the last line)";
  }
}

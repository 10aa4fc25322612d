package org.sealwax.assess.model;

import java.time.Duration;
import java.util.Locale;

/** Times as people read them; exact ones are in JSON. */
public final class RoundedTime {
  /** Tenths of a second are not shown from here on. */
  private static final Duration LONG = Duration.ofSeconds(10);

  private RoundedTime() {}

  /** {@code 0.3 s}, {@code 42 s}; what took no time that can be seen is {@code less than 0.1 s}. */
  public static String of(Duration time) {
    long tenths = Math.round(time.toMillis() / 100.0);
    if (tenths == 0) {
      return "less than 0.1 s";
    }
    return time.compareTo(LONG) < 0
        ? String.format(Locale.ROOT, "%.1f s", tenths / 10.0)
        : Math.round(time.toMillis() / 1000.0) + " s";
  }
}

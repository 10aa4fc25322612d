package org.sealwax.router.log;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Time stamps of lines; the text of a second is made once. */
final class LogTimestamp {
  private record Second(long epoch, String text) {}

  private volatile Second second = new Second(Long.MIN_VALUE, "");

  /** {@code 2026-11-23T21:57:04.123Z}. */
  String of(Instant now) {
    Second known = second;
    if (known.epoch != now.getEpochSecond()) {
      String text = now.truncatedTo(ChronoUnit.SECONDS).toString();
      known = new Second(now.getEpochSecond(), text.substring(0, text.length() - 1));
      second = known;
    }
    int millis = now.getNano() / 1_000_000;
    char[] tail = {
      '.',
      (char) ('0' + millis / 100),
      (char) ('0' + millis / 10 % 10),
      (char) ('0' + millis % 10),
      'Z'
    };
    return known.text + String.valueOf(tail);
  }
}

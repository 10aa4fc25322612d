package org.sealwax.assess.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Times in reports. */
final class RoundedTimeTest {
  @ParameterizedTest
  @CsvSource({
    "0, less than 0.1 s",
    "49, less than 0.1 s",
    "50, 0.1 s",
    "344, 0.3 s",
    "5012, 5.0 s",
    "9999, 10.0 s",
    "10000, 10 s",
    "61499, 61 s"
  })
  void moreThanTheReaderNeedsIsLeftOut(long millis, String text) {
    assertEquals(text, RoundedTime.of(Duration.ofMillis(millis)));
  }
}

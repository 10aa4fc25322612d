package org.sealwax.assess.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.net.HeapBudget;

/** The limits of the service fit the heap of its unit, and larger ones are found. */
final class ScanServiceMemoryTest {
  private static final long UNIT = 512L << 20;

  private static ScanServiceSettings settings(int scans, int waiting, long disk) {
    return new ScanServiceSettings(
        scans,
        waiting,
        ScanServiceSettings.WAITING_EACH,
        ScanServiceSettings.CLIENT_HOUR,
        ScanServiceSettings.HOST_HOUR,
        Duration.ofHours(1),
        disk);
  }

  private static boolean fits(int scans, int waiting, long disk) {
    HeapBudget here = ScanServiceMemory.of(settings(scans, waiting, disk), true);
    return new HeapBudget(here.parts(), UNIT).fits();
  }

  @Test
  void defaultLimitsFitTheHeapOfTheUnit() throws Exception {
    assertTrue(Files.readString(Path.of("dist/sealwax-assess.service")).contains("-Xmx512m"));
    assertTrue(
        fits(ScanServiceSettings.SCANS, ScanServiceSettings.WAITING, ScanServiceSettings.DISK));
  }

  @Test
  void eachLimitAloneCanBeTooLarge() {
    int waiting = ScanServiceSettings.WAITING;
    int scans = ScanServiceSettings.SCANS;
    long disk = ScanServiceSettings.DISK;
    assertFalse(fits(ScanServiceSettings.MAX_SCANS, waiting, disk));
    assertFalse(fits(scans, 999_999, disk));
    assertFalse(fits(scans, waiting, 999_999L << 20));
  }

  @Test
  void theSentenceNamesTheOptionThatIsTooLarge() {
    HeapBudget sum = ScanServiceMemory.of(settings(64, 200, ScanServiceSettings.DISK), false);
    assertTrue(sum.text().contains("--scans 2048 MB"), sum.text());
    assertTrue(sum.text().contains("--opt-out 0 MB"), sum.text());
    assertEquals(sum.sum(), sum.parts().stream().mapToLong(HeapBudget.HeapPart::bytes).sum());
  }
}

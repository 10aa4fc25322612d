package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.router.spool.ScanMarks.Scan;

/** Work on the database at which the process ends again and again is known to the next start. */
final class ScanMarksTest {
  @TempDir private Path folder = Path.of("");

  /** What a process that did not end in order left. */
  private ScanMarks next() {
    return ScanMarks.open(folder.resolve("scans"));
  }

  @Test
  void theWorkAtWhichThreeProcessesInARowEndIsSuspected() {
    for (int i = 0; i < ScanMarks.ENDS; i++) {
      ScanMarks marks = next();
      assertEquals(List.of(), marks.suspects());
      marks.begin(Scan.NEXT_DUE);
      marks.end(Scan.NEXT_DUE);
      marks.begin(Scan.DUE);
    }
    ScanMarks last = next();
    assertEquals(List.of(Scan.DUE), last.suspects());
    last.reset();
    assertEquals(List.of(), next().suspects());
  }

  @Test
  void oneSuccessOfTheSameWorkClearsIt() {
    for (int i = 0; i < 20; i++) {
      ScanMarks marks = next();
      assertEquals(List.of(), marks.suspects());
      if (i % 2 == 1) {
        marks.begin(Scan.LIST);
        marks.end(Scan.LIST);
      }
      marks.begin(Scan.LIST);
    }
  }

  @Test
  void endsDuringDifferentWorkMeanNothing() {
    for (int i = 0; i < 40; i++) {
      ScanMarks marks = next();
      assertEquals(List.of(), marks.suspects());
      Scan scan = Scan.values()[i % Scan.values().length];
      if (i >= Scan.values().length) {
        marks.begin(scan);
        marks.end(scan);
      }
      marks.begin(scan);
    }
  }

  @Test
  void twoReadersAtTheSameWorkAreMarkedUntilBothHaveEnded() {
    for (int i = 0; i < ScanMarks.ENDS; i++) {
      ScanMarks marks = next();
      marks.begin(Scan.DUE);
      marks.begin(Scan.DUE);
    }
    assertEquals(List.of(Scan.DUE), next().suspects());
  }

  @Test
  void anyFileIsRead() throws IOException {
    Random random = new Random(7);
    for (int i = 0; i < 50; i++) {
      byte[] noise = new byte[random.nextInt(40)];
      random.nextBytes(noise);
      Files.write(folder.resolve("scans"), noise);
      ScanMarks marks = next();
      marks.reset();
      assertEquals(List.of(), next().suspects());
    }
    Files.delete(folder.resolve("scans"));
    Files.createDirectory(folder.resolve("scans"));
    next().begin(Scan.DUE);
    assertEquals(List.of(), next().suspects(), "nothing is marked where nothing can be");
  }
}

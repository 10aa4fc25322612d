package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.net.ManualClock;

/** A hundred thousand domains: what they cost in memory and on disk; the times are only printed. */
@Tag("slow")
final class LedgerAtScaleTest {
  private static final int DOMAINS = 100_000;

  @TempDir private Path folder;

  private static Domain name(int i) {
    return Domain.of("customer-" + i + ".example");
  }

  private static long used() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  @Test
  void aHundredThousandDomainsFit() throws Exception {
    Path file = folder.resolve("ledger.db");
    DomainTimeline timeline = new DomainTimeline();
    FilledLedger.write(
        file,
        IntStream.range(0, DOMAINS).mapToObj(LedgerAtScaleTest::name).toList(),
        List.of(DomainTimeline.MX1, DomainTimeline.MX2),
        timeline.now);
    timeline.rules.suffixes().registrable(DomainTimeline.MX1);
    long before = used();
    long start = System.nanoTime();
    try (PersistentLedger ledger =
        PersistentLedger.open(
            file,
            LedgerSettings.defaults(),
            new ManualClock(timeline.now),
            new RecordingMailLog().log(),
            (d, h) -> false)) {
      assertTrue(ledger.evidenceFor(name(7)).isPresent());
      Duration ready = Duration.ofNanos(System.nanoTime() - start);
      long cold = System.nanoTime();
      for (int i = 0; i < DOMAINS; i++) {
        assertTrue(ledger.evidenceFor(name(i)).isPresent());
      }
      cold = (System.nanoTime() - cold) / DOMAINS;
      long warm = System.nanoTime();
      for (int i = 0; i < DOMAINS; i++) {
        assertTrue(ledger.evidenceFor(name(DOMAINS - 1 - i % 1_000)).isPresent());
      }
      warm = (System.nanoTime() - warm) / DOMAINS;
      long grown = used() - before;
      assertEquals(DOMAINS, ledger.figures().domains());
      assertTrue(grown < 60L << 20, "the heap grew by " + grown);
      System.out.printf(
          "ledger: %,d domains, %,d MB on disk, ready in %d ms, heap %+d MB, cold look %d ns, warm"
              + " look %d ns%n",
          DOMAINS, Files.size(file) >> 20, ready.toMillis(), grown >> 20, cold, warm);
    }
  }
}

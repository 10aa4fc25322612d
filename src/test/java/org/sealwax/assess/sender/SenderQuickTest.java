package org.sealwax.assess.sender;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.Letter;
import org.sealwax.assess.Outcome;
import org.sealwax.lab.ScriptedSender;
import org.sealwax.lab.Traps;

/** The quick set met by a good sender and one that delivers at any price. */
final class SenderQuickTest {
  @Test
  void theGoodSenderNeitherLeaksNorLoses(@TempDir Path folder)
      throws IOException, InterruptedException {
    SenderReport report = Runs.of(ScriptedSender.Kind.GOOD, Traps.quick(), folder);
    assertEquals(List.of(), report.leaks());
    assertEquals(List.of(), report.losses());
    assertEquals(0, report.findings().stream().filter(SenderQuickTest::failedRow).count());
    assertTrue(report.grade().letter().compareTo(Letter.A_MINUS) <= 0, report.grade().text());
  }

  private static boolean failedRow(org.sealwax.assess.Finding finding) {
    return finding.check().id().startsWith("lab.") && finding.outcome() == Outcome.FAIL;
  }

  @Test
  void theCarelessSenderIsFoundOut(@TempDir Path folder) throws IOException, InterruptedException {
    SenderReport report = Runs.of(ScriptedSender.Kind.CARELESS, Traps.quick(), folder);
    assertEquals(Letter.F, report.grade().letter());
    assertTrue(
        report.leaks().containsAll(List.of("b2", "b3", "e3", "e11", "f3", "f17", "e27")),
        report.leaks().toString());
  }
}

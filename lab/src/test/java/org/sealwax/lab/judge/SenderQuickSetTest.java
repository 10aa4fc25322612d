package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.lab.site.ScriptedSender;
import org.sealwax.lab.traps.Traps;

/** The quick set met by a good sender and one that delivers at any price. */
final class SenderQuickSetTest {
  @Test
  void theGoodSenderLeaksAndLosesNothing(@TempDir Path folder)
      throws IOException, InterruptedException {
    SenderReport report = ScriptedRun.of(ScriptedSender.Kind.GOOD, Traps.quick(), folder);
    assertEquals(List.of(), report.leaks());
    assertEquals(List.of(), report.losses());
    assertEquals(0, report.findings().stream().filter(SenderQuickSetTest::failedRow).count());
    assertTrue(report.grade().letter().compareTo(GradeLetter.A_MINUS) <= 0, report.grade().text());
    // What is written down of every sender, and judged by nothing.
    assertTrue(
        observed(report, "sender.hello").matches("(?s)t13d[0-9]{4}00_[0-9a-f]{12}_.*"),
        () -> observed(report, "sender.hello"));
    assertTrue(
        observed(report, "sender.names").startsWith("EHLO mx.sender.example; from 127.0.0.1"),
        () -> observed(report, "sender.names"));
    assertTrue(
        observed(report, "sender.certificate")
            .startsWith("for mx.sender.example; the EHLO name is among them; self-issued"),
        () -> observed(report, "sender.certificate"));
    assertEquals("at most 34 bytes", observed(report, "sender.clear"));
  }

  private static String observed(SenderReport report, String id) {
    return report.findings().stream()
        .filter(f -> f.check().id().equals(id))
        .findFirst()
        .orElseThrow()
        .observed();
  }

  private static boolean failedRow(org.sealwax.assess.model.Finding finding) {
    return finding.check().id().startsWith("lab.") && finding.outcome() == CheckOutcome.FAIL;
  }

  @Test
  void theNonValidatingSenderIsReported(@TempDir Path folder)
      throws IOException, InterruptedException {
    SenderReport report = ScriptedRun.of(ScriptedSender.Kind.CARELESS, Traps.quick(), folder);
    assertEquals(GradeLetter.F, report.grade().letter());
    assertTrue(
        report.leaks().containsAll(List.of("b2", "b3", "e3", "e11", "f3", "f17", "e27")),
        report.leaks().toString());
  }
}

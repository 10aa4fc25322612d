package org.sealwax.assess.render;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.sealwax.assess.model.SampleReports;

/** The report at a terminal. */
final class ReportTextTest {
  @Test
  void printsGradeReasonsAndFixes() {
    String text = new ReportText(false, "").of(SampleReports.bad());
    assertTrue(text.contains("D?   bad.example"), text);
    assertTrue(text.contains("at best D because of: SSLv3"), text);
    assertTrue(text.contains("smtpd_tls_protocols = >=TLSv1.2"), text);
    assertTrue(text.contains("not tested   "), text);
    assertTrue(text.contains("_smtp._tls IN TXT"), text);
    assertFalse(text.contains("\u001b"), "escape sequences without being asked for");
    assertFalse(text.contains("\u202e"), "a direction mark");
  }

  @Test
  void printsLinesOfOneRouterOnly() {
    String text = new ReportText(false, "exim").of(SampleReports.bad());
    assertFalse(text.contains("smtpd_tls_protocols"), text);
    assertTrue(text.contains("openssl_options"), text);
  }

  @Test
  void usesColourOnlyWhenRequested() {
    assertTrue(new ReportText(true, "").of(SampleReports.bad()).contains("\u001b[1;31mD?"));
    assertTrue(new ReportText(false, "").of(SampleReports.none()).contains("no grade: no host"));
  }
}

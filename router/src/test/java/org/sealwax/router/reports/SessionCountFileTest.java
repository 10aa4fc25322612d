package org.sealwax.router.reports;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.router.store.UpgradeFixture;

final class SessionCountFileTest {
  private static final Instant DAY = Instant.parse("2026-11-30T00:00:00Z");

  @TempDir private Path folder = Path.of("");

  private static List<SessionCountFile.Due> written() {
    List<SessionCountFile.Due> due = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      String domain = "wait" + i + ".test";
      TlsReport report =
          ReportingOrganization.of(DAY, ReportingOrganization.report("r" + i, domain));
      due.add(
          i % 2 == 0
              ? SessionCountFile.Due.toAll(report)
              : new SessionCountFile.Due(
                  report, Set.of("mailto:tls@" + domain, "https://x.test/y")));
    }
    return due;
  }

  @Test
  void readsTheFileOfTheVersionBefore() throws IOException {
    Path state = UpgradeFixture.unpack(folder);
    SessionCountFile before = SessionCountFile.in(state.resolve("tlsrpt")).getFirst();
    assertEquals(DAY, before.begin());
    assertTrue(
        Files.readString(before.path()).contains("}\thttps://x.test/y\tmailto:tls@wait1.test"));
    assertEquals(written(), before.read());
    before.write(before.read());
    assertFalse(Files.readString(before.path()).contains("\t"));
    assertEquals(written(), before.read());
  }

  @Test
  void writesAnObjectForEachReport() throws IOException {
    SessionCountFile file = SessionCountFile.of(folder, DAY);
    file.write(written());
    List<String> lines = Files.readAllLines(file.path());
    assertEquals(5, lines.size());
    for (int i = 0; i < 5; i++) {
      String report = new String(TlsReportJson.write(written().get(i).report()), UTF_8);
      String addresses = i % 2 == 0 ? "" : "\"https://x.test/y\",\"mailto:tls@wait" + i + ".test\"";
      assertEquals("{\"report\":" + report + ",\"handed-over\":[" + addresses + "]}", lines.get(i));
    }
    assertEquals(written(), file.read());
  }

  @Test
  void leavesOutLinesThatAreNoReports() throws IOException {
    SessionCountFile file = SessionCountFile.of(folder, DAY);
    file.write(written());
    Files.writeString(
        file.path(),
        "{}\nnone\n\n[]\n{\"report\":{}}\n{\"report\":\"x\",\"handed-over\":[{}]}\n"
            + Files.readString(file.path())
            + "{\"cut");
    assertEquals(written(), file.read());
  }
}

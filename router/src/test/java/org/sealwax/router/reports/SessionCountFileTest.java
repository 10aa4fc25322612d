package org.sealwax.router.reports;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
  void readsTheFileOfTheVersionBeforeAndWritesTheSame() throws IOException {
    Path state = UpgradeFixture.unpack(folder);
    SessionCountFile before = SessionCountFile.in(state.resolve("tlsrpt")).getFirst();
    assertEquals(DAY, before.begin());
    assertEquals(written(), before.read());
    SessionCountFile now = SessionCountFile.of(folder, DAY);
    now.write(before.read());
    assertEquals(Files.readString(before.path()), Files.readString(now.path()));
  }

  @Test
  void leavesOutLinesThatAreNoReports() throws IOException {
    SessionCountFile file = SessionCountFile.of(folder, DAY);
    file.write(written());
    Files.writeString(file.path(), "{}\nnone\n\n" + Files.readString(file.path()) + "{\"cut");
    assertEquals(written(), file.read());
  }
}

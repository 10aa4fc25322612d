package org.sealwax.router.reports.received;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.reports.ReportingOrganization.MIDNIGHT;
import static org.sealwax.router.reports.ReportingOrganization.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.reports.ReportingOrganization;
import org.sealwax.router.store.UpgradeFixture;

/** What is kept, for how long, and how much of it; and what it adds up to. */
final class ReceivedReportStoreTest {
  private static final Instant NOW = MIDNIGHT.plus(Duration.ofHours(27));
  private static final ReportOrigin SENDER =
      new ReportOrigin(ReportOrigin.ReportTransport.MAIL, "sender.example");
  private static final ReportOrigin POSTED =
      new ReportOrigin(ReportOrigin.ReportTransport.POST, "192.0.2.9");

  @TempDir private Path folder = Path.of("");
  private final RecordingMailLog log = new RecordingMailLog();

  private ReceivedReportStore store(int reports, long bytes, int fromOne) throws IOException {
    return ReceivedReportStore.open(
        new ReceivedReportSettings(folder, Duration.ofDays(30), reports, bytes, fromOne),
        log.log());
  }

  private static ReportIntakeResult keep(
      ReceivedReportStore store, ReportOrigin origin, String id) {
    return store.keep(new ReceivedReport(NOW, origin, report(id, "project.example")));
  }

  private static ReportIntakeResult keep(
      ReceivedReportStore store, Instant now, Instant begin, String id) {
    TlsReport report = report(id, "project.example");
    return store.keep(
        new ReceivedReport(
            now,
            SENDER,
            new TlsReport(
                report.organization(),
                report.contact(),
                id,
                report.domain(),
                begin,
                begin.plusSeconds(86_399),
                report.sums())));
  }

  private List<ReceivedReport> all(LocalDate since) throws IOException {
    List<ReceivedReport> all = new ArrayList<>();
    ReceivedReportStore.each(folder, since, all::add, file -> {});
    return all;
  }

  @Test
  void aReportIsReadAsItWasKeptAlsoAfterARestart() throws IOException {
    ReceivedReport received =
        new ReceivedReport(NOW, SENDER, report("a/../../b\u00e9", "project.example"));
    assertInstanceOf(ReportIntakeResult.Stored.class, store(10, 1 << 20, 10).keep(received));
    ReceivedReportStore again = store(10, 1 << 20, 10);
    assertEquals(1, again.size());
    assertInstanceOf(ReportIntakeResult.Duplicate.class, again.keep(received));
    assertEquals(List.of(received), all(LocalDate.parse("2026-11-24")));
    assertEquals(List.of(), all(LocalDate.parse("2026-11-25")));
  }

  @Test
  void readsTheStoreOfTheVersionBefore() throws IOException {
    Path before = UpgradeFixture.unpack(folder.resolve("before")).resolve("tlsrpt-received");
    List<ReceivedReport> all = new ArrayList<>();
    ReceivedReportStore.each(before, LocalDate.parse("2026-11-01"), all::add, file -> {});
    List<ReceivedReport> kept = new ArrayList<>();
    Instant at = Instant.parse("2026-11-30T02:00:00Z");
    for (int i : new int[] {3, 1, 2, 0}) {
      Instant day = Instant.parse(i % 2 == 0 ? "2026-11-29T00:00:00Z" : "2026-11-28T00:00:00Z");
      kept.add(
          new ReceivedReport(
              at,
              i < 2 ? SENDER : POSTED,
              ReportingOrganization.of(day, report("id" + i, "project.test"))));
    }
    assertEquals(Set.copyOf(kept), Set.copyOf(all));
    assertEquals(4, all.size());
  }

  /** Or an attacker could send first what a reporter will send, and have that one ignored. */
  @Test
  void reportSignedByAnotherDomainDoesNotReplaceTheStoredOne() throws IOException {
    ReceivedReportStore store = store(10, 1 << 20, 10);
    ReportOrigin other = new ReportOrigin(ReportOrigin.ReportTransport.MAIL, "attacker.example");
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, other, "id-1"));
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, SENDER, "id-1"));
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, POSTED, "id-1"));
    ReportOrigin elsewhere = new ReportOrigin(ReportOrigin.ReportTransport.POST, "2001:db8::9");
    assertInstanceOf(ReportIntakeResult.Duplicate.class, keep(store, elsewhere, "id-1"));
  }

  @Test
  void postedReportsCannotFillTheStore() throws IOException {
    ReceivedReportStore store = store(4, 1 << 20, 10);
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, POSTED, "id-1"));
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, POSTED, "id-2"));
    assertInstanceOf(ReportIntakeResult.StoreUnavailable.class, keep(store, POSTED, "id-3"));
    store = store(4, 1 << 20, 10);
    assertInstanceOf(
        ReportIntakeResult.StoreUnavailable.class, keep(store, POSTED, "id-3"), "after a restart");
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, SENDER, "id-4"));
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, SENDER, "id-5"));
    assertInstanceOf(ReportIntakeResult.StoreUnavailable.class, keep(store, SENDER, "id-6"));
    assertEquals(4, store.size());
  }

  @Test
  void totalSizeIsBounded() throws IOException {
    ReceivedReportStore store = store(100, 1_200, 100);
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, SENDER, "id-1"));
    assertInstanceOf(ReportIntakeResult.StoreUnavailable.class, keep(store, POSTED, "id-2"));
    ReportIntakeResult last = new ReportIntakeResult.Duplicate();
    for (int i = 0; i < 5; i++) {
      last = keep(store, SENDER, "more-" + i);
    }
    assertEquals(
        new ReportIntakeResult.StoreUnavailable("there is no space for more reports"), last);
  }

  @Test
  void reportsPerOriginAndDayAreLimited() throws IOException {
    ReceivedReportStore store = store(100, 1 << 20, 2);
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, SENDER, "id-1"));
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, SENDER, "id-2"));
    assertEquals(
        new ReportIntakeResult.StoreUnavailable("mail sender.example has sent 2 reports today"),
        keep(store, SENDER, "id-3"));
    Instant tomorrow = NOW.plus(Duration.ofDays(1));
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, tomorrow, MIDNIGHT, "id-3"));
  }

  @Test
  void onlyOldReportsAreRemoved() throws IOException {
    ReceivedReportStore store = store(100, 1 << 20, 10);
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, NOW, MIDNIGHT, "id-1"));
    Path theirs = folder.resolve("2026-11-24/notes.txt");
    Files.writeString(theirs, "mine");
    Instant later = MIDNIGHT.plus(Duration.ofDays(30));
    assertFalse(store.isTooOld(MIDNIGHT, later));
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, later, later, "id-2"));
    assertEquals(2, store.size());
    Instant after = MIDNIGHT.plus(Duration.ofDays(31));
    assertTrue(store.isTooOld(MIDNIGHT, after));
    assertInstanceOf(ReportIntakeResult.Stored.class, keep(store, after, after, "id-3"));
    assertEquals(2, store.size());
    assertEquals(2, all(LocalDate.EPOCH).size());
    assertTrue(Files.exists(theirs), "not ours to remove");
  }

  @Test
  void damagedFileIsReportedAndSkipped() throws IOException {
    ReceivedReportStore store = store(100, 1 << 20, 10);
    keep(store, SENDER, "id-1");
    keep(store, SENDER, "id-2");
    Path day = folder.resolve("2026-11-24");
    Path first;
    try (var files = Files.list(day)) {
      first = files.sorted().findFirst().orElseThrow();
    }
    Files.writeString(first, "{\"way\":\"mail\"}\n{}");
    List<Path> unreadable = new ArrayList<>();
    List<ReceivedReport> read = new ArrayList<>();
    ReceivedReportStore.each(folder, LocalDate.EPOCH, read::add, unreadable::add);
    assertEquals(List.of(first), unreadable);
    assertEquals(1, read.size());
    assertEquals(2, store(100, 1 << 20, 10).size(), "a start counts it and goes on");
  }

  /** What a flood may make us keep in memory, and that the sums go on. */
  @Test
  void aSummaryIsBounded() {
    ReportSummary summary = new ReportSummary(d -> true);
    for (int i = 0; i <= ReportSummary.MAX_ROWS; i++) {
      summary.add(new ReceivedReport(NOW, POSTED, report("id", "a" + i + ".project.example")));
    }
    assertEquals(ReportSummary.MAX_ROWS, summary.rows().size());
    assertTrue(summary.isCut());
    ReportSummary one = new ReportSummary(d -> d.equals(Domain.of("a7.project.example")));
    assertFalse(one.add(new ReceivedReport(NOW, SENDER, report("id", "a8.project.example"))));
    assertTrue(one.add(new ReceivedReport(NOW, SENDER, report("id", "a7.project.example"))));
    assertFalse(one.isCut());
  }

  @Test
  void theSameReportByBothWaysCountsOnce() throws IOException {
    ReceivedReportStore store = store(100, 1 << 20, 10);
    keep(store, POSTED, "id-1");
    keep(store, SENDER, "id-1");
    keep(store, SENDER, "id-2");
    keep(store, POSTED, "id-3");
    ReportSummary summary = new ReportSummary(d -> true);
    ReceivedReportStore.each(folder, LocalDate.EPOCH, summary::note, file -> {});
    int[] counted = new int[1];
    ReceivedReportStore.each(
        folder, LocalDate.EPOCH, r -> counted[0] += summary.add(r) ? 1 : 0, file -> {});
    assertEquals(3, counted[0]);
    List<ReportSummary.Row> rows = summary.rows();
    assertEquals(2, rows.size());
    assertEquals(POSTED, rows.getFirst().origin());
    assertEquals(3, rows.getFirst().failed());
    assertEquals(SENDER, rows.getLast().origin());
    assertEquals(10, rows.getLast().succeeded());
    assertEquals(6, rows.getLast().failed());
    assertEquals(List.of(6L), List.copyOf(rows.getLast().failures().values()));
  }
}

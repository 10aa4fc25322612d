package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.ledger.DomainTimeline.DOMAIN;
import static org.sealwax.router.ledger.DomainTimeline.EVIL;
import static org.sealwax.router.ledger.DomainTimeline.MX1;
import static org.sealwax.router.ledger.DomainTimeline.MX2;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.net.ManualClock;

/**
 * The keeping: what survives a restart, what attackers of the memory get, what the admin can do.
 */
final class PersistentLedgerTest {
  @TempDir private Path folder;
  private final ManualClock clock = new ManualClock(DomainTimeline.BEGIN);
  private final RecordingMailLog log = new RecordingMailLog();
  private LedgerSettings settings = LedgerSettings.defaults();
  private PersistentLedger ledger;
  private boolean stsLists;

  @BeforeEach
  void open() throws IOException {
    ledger = opened(clock);
  }

  @AfterEach
  void close() throws IOException {
    ledger.close();
  }

  private PersistentLedger opened(Clock by) throws IOException {
    return PersistentLedger.open(
        folder.resolve("ledger.db"), settings, by, log.log(), (domain, host) -> stsLists);
  }

  private void restart() throws IOException {
    ledger.close();
    ledger = opened(clock);
  }

  private static LedgerSettings with(int domains) {
    LedgerSettings d = LedgerSettings.defaults();
    return SettingsRecord.with(d, Map.of("domains", domains));
  }

  private void round(Domain domain, Domain host, HostSample sample, boolean counts) {
    Instant until = clock.now().plusSeconds(300);
    ledger
        .beginRound(
            domain,
            new RoundMx(Set.of(host), false, until),
            counts ? SampleOrigin.MAIL : SampleOrigin.OTHER)
        .observed(sample);
  }

  private void days(int days, Domain domain, Domain host, Function<Domain, HostSample> shows) {
    for (int i = 0; i < 4 * days; i++) {
      round(domain, host, shows.apply(host), true);
      clock.pass(Duration.ofHours(6));
    }
  }

  private TlsLevel level(Domain domain) {
    return ledger.evidenceFor(domain).map(Evidence.LedgerLevel::level).orElse(TlsLevel.MAY);
  }

  // Learning and keeping.

  @Test
  void aLevelSurvivesARestartWithEverythingThatMadeIt() throws IOException {
    days(8, DOMAIN, MX1, HostSamples::verified);
    assertEquals(TlsLevel.VERIFY, level(DOMAIN));
    assertTrue(log.recorded("note", DOMAIN.name(), "has reached level verify"));
    DomainRecord before = ledger.domainRecord(DOMAIN).orElseThrow();
    restart();
    assertEquals(before, ledger.domainRecord(DOMAIN).orElseThrow());
    assertEquals(TlsLevel.VERIFY, level(DOMAIN));
    HostRecord host = Objects.requireNonNull(before.hosts().get(MX1));
    assertEquals(1, host.keys().size());
    assertEquals(8, Objects.requireNonNull(host.counts().get(ProvenLevel.VERIFIED)).days().count());
  }

  @Test
  void onlyHostsThatChangedAreWritten() throws Exception {
    RoundMx both = new RoundMx(Set.of(MX1, MX2), false, clock.now().plusSeconds(300));
    for (Domain host : List.of(MX1, MX2)) {
      ledger.beginRound(DOMAIN, both, SampleOrigin.MAIL).observed(HostSamples.verified(host));
    }
    ledger.flush();
    String marked = "1999-01-01T00:00:00Z";
    try (var sql = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("ledger.db"))) {
      sql.createStatement().execute("UPDATE host SET first = '" + marked + "'");
    }
    clock.pass(Duration.ofHours(1));
    ledger.beginRound(DOMAIN, both, SampleOrigin.MAIL).observed(HostSamples.verified(MX1));
    DomainRecord row = ledger.domainRecord(DOMAIN).orElseThrow();
    restart();
    DomainRecord again = ledger.domainRecord(DOMAIN).orElseThrow();
    assertEquals(row.hosts().get(MX1), again.hosts().get(MX1));
    assertEquals(Instant.parse(marked), Objects.requireNonNull(again.hosts().get(MX2)).first());
  }

  @Test
  void aRecordThatChangesWhileItIsWrittenIsComparedWithWhatWasWritten() throws IOException {
    LedgerStore store = LedgerStore.open(folder.resolve("other.db"));
    try (LedgerWriter writer = new LedgerWriter(store, () -> 10, clock, log.log())) {
      DomainTimeline timeline = new DomainTimeline().mx(MX1, MX2);
      List<DomainRecord> rows = new ArrayList<>();
      for (Domain host : List.of(MX1, MX2, MX1)) {
        timeline.mx(host).days(1, ProvenLevel.VERIFIED);
        rows.add(timeline.row);
      }
      put(writer, rows.get(0));
      var first = writer.unsaved();
      store.write(new LedgerStore.Batch(first, Map.of(), Map.of()));
      put(writer, rows.get(1));
      writer.saved(first);
      assertSame(rows.get(1), writer.held(DOMAIN).row());
      assertSame(rows.get(0), writer.held(DOMAIN).stored());
      var second = writer.unsaved();
      store.write(new LedgerStore.Batch(second, Map.of(), Map.of()));
      assertTrue(writer.remove(DOMAIN, row -> true));
      put(writer, rows.get(2));
      writer.saved(second);
      assertSame(rows.get(1), writer.held(DOMAIN).stored());
      var third = writer.unsaved();
      store.write(new LedgerStore.Batch(third, Map.of(), Map.of()));
      writer.saved(third);
      assertEquals(Map.of(), writer.unsaved());
      assertEquals(rows.get(2), store.row(DOMAIN));
    }
  }

  private static void put(LedgerWriter writer, DomainRecord row) {
    writer.change(DOMAIN, old -> LedgerChange.none(row));
  }

  @Test
  void evidenceFollowsEveryChange() throws IOException {
    assertEquals(TlsLevel.MAY, level(DOMAIN));
    days(8, DOMAIN, MX1, HostSamples::verified);
    Evidence.LedgerLevel first = ledger.evidenceFor(DOMAIN).orElseThrow();
    assertSame(first, ledger.evidenceFor(DOMAIN).orElseThrow(), "nothing has changed");
    clock.pass(Duration.ofHours(1));
    round(DOMAIN, MX1, HostSamples.verified(MX1), true);
    Evidence.LedgerLevel later = ledger.evidenceFor(DOMAIN).orElseThrow();
    assertTrue(later.expires().isAfter(first.expires()), "seen again");
    LedgerSettings d = settings;
    ledger.use(SettingsRecord.with(d, Map.of("decay", d.decay().plusDays(1))));
    assertEquals(
        later.expires().plus(Duration.ofDays(1)),
        ledger.evidenceFor(DOMAIN).orElseThrow().expires());
    ledger.use(d);
    assertTrue(ledger.forget(DOMAIN));
    assertEquals(TlsLevel.MAY, level(DOMAIN));
    days(8, DOMAIN, MX1, HostSamples::verified);
    assertEquals(TlsLevel.VERIFY, level(DOMAIN));
    clock.pass(d.decay().plusDays(1));
    assertEquals(TlsLevel.MAY, level(DOMAIN), "its time is over without anybody having written");
  }

  /** A row that was read before a change was written must not come back after it. */
  @Test
  void concurrentReadsNeverRestoreAnOldRow() throws Exception {
    List<Domain> many =
        IntStream.range(0, 200).mapToObj(i -> Domain.of("d" + i + ".example")).toList();
    for (Domain domain : many) {
      ledger.keep(domain, List.of(MxPattern.parse("mx.example").orElseThrow()));
    }
    restart();
    try (Scope scope = new Scope("readers")) {
      for (int reader = 0; reader < 4; reader++) {
        scope.fork(
            () -> {
              many.forEach(ledger::evidenceFor);
              return null;
            });
      }
      scope.fork(
          () -> {
            for (Domain domain : many) {
              ledger.forget(domain);
            }
            return null;
          });
      scope.join();
    }
    ledger.flush();
    for (Domain domain : many) {
      assertTrue(ledger.evidenceFor(domain).isEmpty(), domain + " was forgotten");
    }
  }

  @Test
  void fileIsReadableByTheOwnerOnly() throws IOException {
    days(1, DOMAIN, MX1, HostSamples::verified);
    ledger.flush();
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        assertEquals(
            "rw-------",
            PosixFilePermissions.toString(Files.getPosixFilePermissions(file)),
            file.toString());
      }
    }
  }

  @Test
  void aCertificateForAnotherNameIsNotVerified() {
    days(8, DOMAIN, MX1, host -> HostSamples.verified(host, EVIL));
    assertEquals(TlsLevel.ENCRYPT, level(DOMAIN));
  }

  @Test
  void proofByAPrivateAuthorityIsNotVerified() {
    days(
        8,
        DOMAIN,
        MX1,
        host -> {
          HostSample sample = HostSamples.verified(host);
          return new HostSample(
              host, sample.address(), sample.observation(), sample.step(), false, false);
        });
    assertEquals(TlsLevel.ENCRYPT, level(DOMAIN));
  }

  @Test
  void noChangeOfManyThreadsIsLost() throws Exception {
    List<Domain> many =
        IntStream.range(0, 20).mapToObj(i -> Domain.of("d" + i + ".example")).toList();
    try (Scope scope = new Scope("deliveries")) {
      for (int thread = 0; thread < 4; thread++) {
        scope.fork(
            () -> {
              for (int i = 0; i < 50; i++) {
                many.forEach(domain -> round(domain, MX1, HostSamples.verified(MX1), true));
              }
              return null;
            });
      }
      scope.fork(
          () -> {
            for (int i = 0; i < 50; i++) {
              ledger.flush();
            }
            return null;
          });
      scope.join();
    }
    List<DomainRecord> before = new ArrayList<>();
    for (Domain domain : many) {
      before.add(ledger.domainRecord(domain).orElseThrow());
      HostRecord host = Objects.requireNonNull(before.getLast().hosts().get(MX1));
      assertEquals(200, Objects.requireNonNull(host.counts().get(ProvenLevel.VERIFIED)).sessions());
    }
    restart();
    assertEquals(before, many.stream().map(d -> ledger.domainRecord(d).orElseThrow()).toList());
  }

  @Test
  void theStoredTimeDoesNotGoBack() throws Exception {
    restart();
    for (int i = 0; i < 3; i++) {
      clock.pass(Duration.ofMinutes(i == 0 ? 10 : 1));
      ledger.flush();
      try (LedgerStore store = LedgerStore.open(folder.resolve("ledger.db"))) {
        assertEquals(
            DomainTimeline.BEGIN.plus(Duration.ofMinutes(10)).getEpochSecond(),
            store.meta().get("clock"));
      }
    }
  }

  @Test
  void uncleanShutdownKeepsFlushedRecordsAndAnIntactFile() throws IOException {
    days(8, DOMAIN, MX1, HostSamples::verified);
    ledger.flush();
    // What a crash leaves: the files as they are, with the write-ahead log.
    Path crashed = Files.createDirectory(folder.resolve("crashed"));
    for (String name : List.of("ledger.db", "ledger.db-wal")) {
      if (Files.exists(folder.resolve(name))) {
        Files.copy(folder.resolve(name), crashed.resolve(name));
      }
    }
    try (PersistentLedger after =
        PersistentLedger.open(
            crashed.resolve("ledger.db"), settings, clock, log.log(), (d, h) -> false)) {
      assertEquals(TlsLevel.VERIFY, after.evidenceFor(DOMAIN).orElseThrow().level());
    }
  }

  @Test
  void aLedgerThatCannotBeReadIsNotAnEmptyOne() throws Exception {
    days(8, DOMAIN, MX1, HostSamples::verified);
    ledger.close();
    String url = "jdbc:sqlite:" + folder.resolve("ledger.db");
    try (var connection = DriverManager.getConnection(url);
        var s = connection.createStatement()) {
      s.execute("UPDATE domain SET mx_until = 'never'");
    }
    ledger = opened(clock);
    assertThrows(UncheckedIOException.class, () -> ledger.evidenceFor(DOMAIN));
    ledger.close();

    Path other = folder.resolve("other.db");
    Files.writeString(other, "this is no database, and long enough to be looked at ".repeat(40));
    assertThrows(IOException.class, () -> LedgerStore.open(other));
    ledger = opened(clock);
  }

  @Test
  void anotherProgramsDatabaseIsNotTakenForALedger() throws Exception {
    Path other = folder.resolve("spool.db");
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + other);
        var s = connection.createStatement()) {
      s.execute("PRAGMA application_id = 7");
      s.execute("CREATE TABLE t(a)");
    }
    assertThrows(IOException.class, () -> LedgerStore.open(other));
  }

  @Test
  void hostMemorySurvivesRestartUntilItExpires() throws IOException {
    HostMemory memory =
        new HostMemory(
            FallbackStep.FULL,
            clock.now(),
            Map.of(FallbackStep.BARE, clock.now()),
            null,
            null,
            null,
            null,
            null);
    ledger.hostMemories().put("mx:25", memory);
    restart();
    assertEquals(memory, ledger.hostMemories().at("mx:25", clock.now()));
    clock.pass(FallbackLadder.NEGATIVE_MEMORY.plusSeconds(1));
    assertEquals(Map.of(), ledger.hostMemories().at("mx:25", clock.now()).broken());
    clock.pass(FallbackLadder.POSITIVE_MEMORY);
    assertEquals(HostMemory.nothing(), ledger.hostMemories().at("mx:25", clock.now()));
    restart();
    assertEquals(HostMemory.nothing(), ledger.hostMemories().at("mx:25", clock.now()));
  }

  // Attacks.

  @Test
  void bouncesNeitherPromoteNorCreateRecords() throws IOException {
    for (int i = 0; i < 100; i++) {
      round(DOMAIN, MX1, HostSamples.verified(MX1), false);
      clock.pass(Duration.ofHours(6));
    }
    assertEquals(TlsLevel.MAY, level(DOMAIN));
    assertTrue(ledger.domainRecord(DOMAIN).isEmpty());
    assertEquals(0, ledger.figures().domains());
  }

  @Test
  void bouncesAreStillHeldToTheLevel() {
    days(8, DOMAIN, MX1, HostSamples::verified);
    round(DOMAIN, MX1, HostSamples.plaintext(MX1), false);
    assertEquals(TlsLevel.VERIFY, level(DOMAIN));
    assertTrue(ledger.activeViolation(DOMAIN).isPresent());
  }

  @Test
  void figuresCountLevelsAndEvents() throws IOException {
    Domain other = Domain.of("other.example");
    days(8, DOMAIN, MX1, HostSamples::verified);
    days(8, other, MX1, HostSamples::untrusted);
    ledger.flush();
    assertEquals(new PersistentLedger.Figures(2, 1, 1, 0), ledger.figures());
    assertEquals(2, ledger.count(LedgerEvent.PROMOTED));
    assertEquals(0, ledger.count(LedgerEvent.VIOLATED));
    round(DOMAIN, MX1, HostSamples.plaintext(MX1), true);
    ledger.flush();
    assertEquals(new PersistentLedger.Figures(2, 1, 1, 1), ledger.figures());
    assertEquals(1, ledger.count(LedgerEvent.VIOLATED));
    assertEquals(0, ledger.count(LedgerEvent.DECAYED));
  }

  @Test
  void junkDomainsEvictNoLevel() throws IOException {
    ledger.close();
    settings = with(50);
    ledger = opened(clock);
    days(8, DOMAIN, MX1, HostSamples::verified);
    for (int i = 0; i < 400; i++) {
      Domain junk = Domain.of("junk" + i + ".example");
      round(junk, junk, HostSamples.untrusted(junk), true);
      if (i % 10 == 0) {
        ledger.flush();
        clock.pass(Duration.ofSeconds(60));
      }
    }
    // The writer frees space within its pause; the last junk may still be over the bound.
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (ledger.figures().domains() > 50 && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertTrue(ledger.figures().domains() <= 50, ledger.figures().toString());
    assertEquals(TlsLevel.VERIFY, level(DOMAIN));
    assertEquals(1, ledger.figures().withLevel());
  }

  @Test
  void fullLedgerKeepsItsLevels() throws IOException {
    ledger.close();
    settings = with(3);
    ledger = opened(clock);
    List<Domain> good =
        List.of(Domain.of("a.example"), Domain.of("b.example"), Domain.of("c.example"));
    for (Domain domain : good) {
      days(8, domain, domain, HostSamples::verified);
    }
    for (int i = 0; i < 20; i++) {
      Domain junk = Domain.of("junk" + i + ".example");
      round(junk, junk, HostSamples.untrusted(junk), true);
    }
    ledger.flush();
    good.forEach(domain -> assertEquals(TlsLevel.VERIFY, level(domain)));
  }

  @Test
  void aForgedMxWithAValidCertificateOfItsOwnGetsNoMail() {
    days(8, DOMAIN, MX1, HostSamples::verified);
    round(DOMAIN, EVIL, HostSamples.verified(EVIL), true);
    Evidence.LedgerLevel known = ledger.evidenceFor(DOMAIN).orElseThrow();
    assertFalse(known.known().admits(EVIL));
    assertTrue(known.known().admits(MX1));
    assertTrue(log.recorded("warning", DOMAIN.name(), "never seen before"));
  }

  @Test
  void oneResetDoesNotLowerTheLevel() {
    days(8, DOMAIN, MX1, HostSamples::verified);
    round(DOMAIN, MX1, HostSamples.broken(MX1), true);
    assertEquals(TlsLevel.VERIFY, level(DOMAIN));
    round(DOMAIN, MX1, HostSamples.verified(MX1), true);
    assertTrue(ledger.activeViolation(DOMAIN).isEmpty());
    assertTrue(log.recorded("note", "shows its level verify again"));
  }

  @Test
  void aClockJumpMakesNoLevelFallAway() throws IOException {
    days(8, DOMAIN, MX1, HostSamples::verified);
    ledger.close();
    ManualClock years = new ManualClock(clock.now().plus(Duration.ofDays(1_000)));
    ledger = opened(years);
    assertEquals(TlsLevel.VERIFY, level(DOMAIN));
    assertTrue(log.recorded("warning", "the clock differs"));
    ledger.confirmClock();
    assertEquals(TlsLevel.MAY, level(DOMAIN), "the admin says that it was a thousand days");
    assertTrue(log.recorded("warning", "expires"));
  }

  @Test
  void clockDoubtSurvivesRestart() throws IOException {
    days(8, DOMAIN, MX1, HostSamples::verified);
    ledger.close();
    ManualClock years = new ManualClock(clock.now().plus(Duration.ofDays(1_000)));
    opened(years).close();
    ledger = opened(years);
    assertFalse(ledger.moment().trusted());
    assertEquals(TlsLevel.VERIFY, level(DOMAIN));
  }

  @Test
  void verifiedPeersConfirmAClock() throws IOException {
    days(1, DOMAIN, MX1, HostSamples::verified);
    ledger.close();
    ledger = opened(new ManualClock(clock.now().plus(Duration.ofDays(3))));
    assertFalse(ledger.moment().trusted());
    for (int i = 0; i < LedgerClock.WITNESSES; i++) {
      Domain peer = Domain.of("mx.peer" + i + ".example");
      round(peer, peer, HostSamples.verified(peer), true);
    }
    assertTrue(ledger.moment().trusted());
  }

  @Test
  void manyUnrelatedDomainsTogetherAreNearUs() {
    for (int i = 0; i < LocalFaultDetector.MANY; i++) {
      Domain domain = Domain.of("d" + i + ".example");
      days(8, domain, domain, HostSamples::untrusted);
    }
    clock.pass(Duration.ofHours(3));
    for (int i = 0; i < LocalFaultDetector.MANY; i++) {
      Domain domain = Domain.of("d" + i + ".example");
      round(domain, domain, HostSamples.plaintext(domain), true);
    }
    for (int i = 0; i < LocalFaultDetector.MANY; i++) {
      ActiveViolation violation =
          ledger.activeViolation(Domain.of("d" + i + ".example")).orElseThrow();
      assertEquals(ViolationClass.NEAR_US, violation.what());
    }
    assertTrue(log.recorded("warning", "on our side"));
  }

  @Test
  void newProviderIsAcceptedAfterTheHold() {
    days(8, DOMAIN, MX1, HostSamples::verified);
    Domain other = Domain.of("mx.honest.example");
    Instant began = clock.now();
    while (!ledger.evidenceFor(DOMAIN).orElseThrow().known().admits(other)) {
      round(DOMAIN, other, HostSamples.verified(other), true);
      clock.pass(Duration.ofHours(4));
      assertTrue(
          !clock.now().isAfter(began.plus(LedgerSettings.DEFAULT_HOLD).plus(Duration.ofHours(4))));
    }
    assertEquals(TlsLevel.VERIFY, level(DOMAIN));
    assertFalse(clock.now().isBefore(began.plus(LedgerSettings.DEFAULT_HOLD)));
  }

  @Test
  void newProviderListedByMtaStsIsAcceptedAtOnce() {
    days(8, DOMAIN, MX1, HostSamples::verified);
    stsLists = true;
    round(DOMAIN, EVIL, HostSamples.verified(EVIL), true);
    assertTrue(ledger.evidenceFor(DOMAIN).orElseThrow().known().admits(EVIL));
  }

  // The admin.

  @Test
  void adminMayAcceptAndForget() throws IOException {
    days(8, DOMAIN, MX1, HostSamples::verified);
    assertTrue(ledger.accept(DOMAIN).isEmpty(), "nothing stands against it");
    round(DOMAIN, MX1, HostSamples.plaintext(MX1), true);
    assertTrue(ledger.accept(DOMAIN).orElseThrow().contains("by the admin"));
    assertEquals(TlsLevel.MAY, level(DOMAIN));
    restart();
    assertEquals(TlsLevel.MAY, level(DOMAIN));
    assertTrue(ledger.forget(DOMAIN));
    assertFalse(ledger.forget(DOMAIN));
    restart();
    assertTrue(ledger.domainRecord(DOMAIN).isEmpty());
    assertTrue(ledger.accept(DOMAIN).isEmpty());
  }

  @Test
  void listsByKind() throws IOException {
    days(8, DOMAIN, MX1, HostSamples::verified);
    Domain plain = Domain.of("plain.example");
    round(plain, plain, HostSamples.plaintext(plain), true);
    assertEquals(2, ledger.page(PersistentLedger.DomainFilter.ALL, "", 10).size());
    assertEquals(1, ledger.page(PersistentLedger.DomainFilter.ALL, DOMAIN.name(), 10).size());
    assertEquals(
        DOMAIN, ledger.page(PersistentLedger.DomainFilter.WITH_LEVEL, "", 10).getFirst().domain());
    assertEquals(0, ledger.page(PersistentLedger.DomainFilter.VIOLATED, "", 10).size());
    round(DOMAIN, MX1, HostSamples.silent(MX1), true);
    round(DOMAIN, MX1, HostSamples.plaintext(MX1), true);
    assertEquals(1, ledger.page(PersistentLedger.DomainFilter.VIOLATED, "", 10).size());
  }

  @Test
  void expiredPolicySetsLevelVerify() throws IOException {
    ledger.keep(DOMAIN, List.of(MxPattern.parse("*.provider.example").orElseThrow()));
    restart();
    Evidence.LedgerLevel known = ledger.evidenceFor(DOMAIN).orElseThrow();
    assertEquals(TlsLevel.VERIFY, known.level());
    assertTrue(known.known().admits(MX1));
    assertFalse(known.known().admits(EVIL));
  }

  @Test
  void violationRefreshesTheDnsAnswer() {
    days(8, DOMAIN, MX1, HostSamples::verified);
    RoundMx answer = new RoundMx(Set.of(MX1), false, clock.now().plusSeconds(300));
    LedgerRound round = ledger.beginRound(DOMAIN, answer, SampleOrigin.MAIL);
    assertFalse(round.needsFreshDns());
    round.observed(HostSamples.plaintext(MX1));
    assertTrue(round.needsFreshDns());
  }
}

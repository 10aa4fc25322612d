package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.ledger.Story.DOMAIN;
import static org.sealwax.router.ledger.Story.EVIL;
import static org.sealwax.router.ledger.Story.MX1;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
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
import org.sealwax.mail.net.SteppedClock;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Ladder;
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.Rung;
import org.sealwax.router.log.HeardLog;

/**
 * The keeping: what survives a restart, what attackers of the memory get, what the admin can do.
 */
final class LiveLedgerTest {
  @TempDir private Path folder;
  private final SteppedClock clock = new SteppedClock(Story.BEGIN);
  private final HeardLog heard = new HeardLog();
  private LedgerSettings settings = LedgerSettings.defaults();
  private LiveLedger ledger;
  private boolean stsLists;

  @BeforeEach
  void open() throws IOException {
    ledger = opened(clock);
  }

  @AfterEach
  void close() throws IOException {
    ledger.close();
  }

  private LiveLedger opened(Clock by) throws IOException {
    return LiveLedger.open(
        folder.resolve("ledger.db"),
        settings,
        new LiveLedger.World(by, heard.log(), (domain, host) -> stsLists));
  }

  private void restart() throws IOException {
    ledger.close();
    ledger = opened(clock);
  }

  private static LedgerSettings with(int domains) {
    LedgerSettings d = LedgerSettings.defaults();
    return new LedgerSettings(
        d.sessions(),
        d.days(),
        d.perDay(),
        d.resolutions(),
        d.hostDays(),
        d.greetUnseen(),
        d.hold(),
        d.regression(),
        d.decay(),
        domains);
  }

  private void round(Domain domain, Domain host, Seen seen, boolean counts) {
    Instant until = clock.now().plusSeconds(300);
    ledger.visit(domain, new MxAnswer(Set.of(host), false, until), counts).seen(seen);
  }

  private void days(int days, Domain domain, Domain host, Function<Domain, Seen> shows) {
    for (int i = 0; i < 4 * days; i++) {
      round(domain, host, shows.apply(host), true);
      clock.pass(Duration.ofHours(6));
    }
  }

  private Level level(Domain domain) {
    return ledger.about(domain).map(Evidence.Ledger::level).orElse(Level.MAY);
  }

  // Learning and keeping.

  @Test
  void aLevelSurvivesARestartWithEverythingThatMadeIt() throws IOException {
    days(8, DOMAIN, MX1, Sights::verified);
    assertEquals(Level.VERIFY, level(DOMAIN));
    assertTrue(heard.heard("note", DOMAIN.name(), "has reached level verify"));
    DomainRow before = ledger.show(DOMAIN).orElseThrow();
    restart();
    assertEquals(before, ledger.show(DOMAIN).orElseThrow());
    assertEquals(Level.VERIFY, level(DOMAIN));
    HostRow host = Objects.requireNonNull(before.hosts().get(MX1));
    assertEquals(1, host.keys().size());
    assertEquals(8, Objects.requireNonNull(host.counts().get(Shown.VERIFIED)).days());
  }

  @Test
  void whatIsAskedBeforeEachDeliveryFollowsEveryChange() throws IOException {
    assertEquals(Level.MAY, level(DOMAIN));
    days(8, DOMAIN, MX1, Sights::verified);
    Evidence.Ledger first = ledger.about(DOMAIN).orElseThrow();
    assertSame(first, ledger.about(DOMAIN).orElseThrow(), "nothing has changed");
    clock.pass(Duration.ofHours(1));
    round(DOMAIN, MX1, Sights.verified(MX1), true);
    Evidence.Ledger later = ledger.about(DOMAIN).orElseThrow();
    assertTrue(later.expires().isAfter(first.expires()), "seen again");
    LedgerSettings d = settings;
    ledger.use(
        new LedgerSettings(
            d.sessions(),
            d.days(),
            d.perDay(),
            d.resolutions(),
            d.hostDays(),
            d.greetUnseen(),
            d.hold(),
            d.regression(),
            d.decay().plusDays(1),
            d.domains()));
    assertEquals(
        later.expires().plus(Duration.ofDays(1)), ledger.about(DOMAIN).orElseThrow().expires());
    ledger.use(d);
    assertTrue(ledger.forget(DOMAIN));
    assertEquals(Level.MAY, level(DOMAIN));
    days(8, DOMAIN, MX1, Sights::verified);
    assertEquals(Level.VERIFY, level(DOMAIN));
    clock.pass(d.decay().plusDays(1));
    assertEquals(Level.MAY, level(DOMAIN), "its time is over without anybody having written");
  }

  /** A row that was read before a change was written must not come back after it. */
  @Test
  void readersBesideWritersNeverBringAnOldRowBack() throws Exception {
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
              many.forEach(ledger::about);
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
      assertTrue(ledger.about(domain).isEmpty(), domain + " was forgotten");
    }
  }

  @Test
  void nobodyElseMayReadWithWhomWeExchangeMail() throws IOException {
    days(1, DOMAIN, MX1, Sights::verified);
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
    days(8, DOMAIN, MX1, host -> Sights.verified(host, EVIL));
    assertEquals(Level.ENCRYPT, level(DOMAIN));
  }

  @Test
  void proofByAPrivateAuthorityIsNotVerified() {
    days(
        8,
        DOMAIN,
        MX1,
        host -> {
          Seen seen = Sights.verified(host);
          return new Seen(host, seen.address(), seen.observation(), seen.rung(), false);
        });
    assertEquals(Level.ENCRYPT, level(DOMAIN));
  }

  @Test
  void anUncleanEndLosesNothingThatWasFlushedAndTheFileStaysWhole() throws IOException {
    days(8, DOMAIN, MX1, Sights::verified);
    ledger.flush();
    // What a crash leaves: the files as they are, with the write-ahead log.
    Path crashed = Files.createDirectory(folder.resolve("crashed"));
    for (String name : List.of("ledger.db", "ledger.db-wal")) {
      if (Files.exists(folder.resolve(name))) {
        Files.copy(folder.resolve(name), crashed.resolve(name));
      }
    }
    try (LiveLedger after =
        LiveLedger.open(
            crashed.resolve("ledger.db"),
            settings,
            new LiveLedger.World(clock, heard.log(), (d, h) -> false))) {
      assertEquals(Level.VERIFY, after.about(DOMAIN).orElseThrow().level());
    }
  }

  @Test
  void aLedgerThatCannotBeReadIsNotAnEmptyOne() throws Exception {
    days(8, DOMAIN, MX1, Sights::verified);
    ledger.close();
    String url = "jdbc:sqlite:" + folder.resolve("ledger.db");
    try (var connection = DriverManager.getConnection(url);
        var s = connection.createStatement()) {
      s.execute("UPDATE domain SET row = x'0102'");
    }
    ledger = opened(clock);
    assertThrows(UncheckedIOException.class, () -> ledger.about(DOMAIN));
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
  void theLaddersMemoryOutlivesARestartUntilItIsTooOld() throws IOException {
    HostMemory shown =
        new HostMemory(
            Rung.FULL, clock.now(), Map.of(Rung.BARE, clock.now()), null, null, null, null, null);
    ledger.put("mx:25", shown);
    restart();
    assertEquals(shown, ledger.at("mx:25"));
    clock.pass(Ladder.NEGATIVE_MEMORY.plusSeconds(1));
    assertEquals(Map.of(), ledger.at("mx:25").broken());
    clock.pass(Ladder.POSITIVE_MEMORY);
    assertEquals(HostMemory.nothing(), ledger.at("mx:25"));
    restart();
    assertEquals(HostMemory.nothing(), ledger.at("mx:25"));
  }

  // Attacks.

  @Test
  void bouncesPromoteNothingAndMakeNoRows() throws IOException {
    for (int i = 0; i < 100; i++) {
      round(DOMAIN, MX1, Sights.verified(MX1), false);
      clock.pass(Duration.ofHours(6));
    }
    assertEquals(Level.MAY, level(DOMAIN));
    assertTrue(ledger.show(DOMAIN).isEmpty());
    assertEquals(0, ledger.figures().domains());
  }

  @Test
  void bouncesAreStillHeldToTheLevel() {
    days(8, DOMAIN, MX1, Sights::verified);
    round(DOMAIN, MX1, Sights.clear(MX1), false);
    assertEquals(Level.VERIFY, level(DOMAIN));
    assertTrue(ledger.alarm(DOMAIN).isPresent());
  }

  @Test
  void figuresTellLevelsAndWhatHappenedToThem() throws IOException {
    Domain other = Domain.of("other.example");
    days(8, DOMAIN, MX1, Sights::verified);
    days(8, other, MX1, Sights::untrusted);
    ledger.flush();
    assertEquals(new LiveLedger.Figures(2, 1, 1, 0), ledger.figures());
    assertEquals(2, ledger.count(LiveLedger.Event.PROMOTED));
    assertEquals(0, ledger.count(LiveLedger.Event.VIOLATED));
    round(DOMAIN, MX1, Sights.clear(MX1), true);
    ledger.flush();
    assertEquals(new LiveLedger.Figures(2, 1, 1, 1), ledger.figures());
    assertEquals(1, ledger.count(LiveLedger.Event.VIOLATED));
    assertEquals(0, ledger.count(LiveLedger.Event.DECAYED));
  }

  @Test
  void junkDomainsEvictNoLevel() throws IOException {
    ledger.close();
    settings = with(50);
    ledger = opened(clock);
    days(8, DOMAIN, MX1, Sights::verified);
    for (int i = 0; i < 400; i++) {
      Domain junk = Domain.of("junk" + i + ".example");
      round(junk, junk, Sights.untrusted(junk), true);
      if (i % 10 == 0) {
        ledger.flush();
        clock.pass(Duration.ofSeconds(60));
      }
    }
    // The writer makes room within its pause; the last junk may still be over the bound.
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (ledger.figures().domains() > 50 && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertTrue(ledger.figures().domains() <= 50, ledger.figures().toString());
    assertEquals(Level.VERIFY, level(DOMAIN));
    assertEquals(1, ledger.figures().withLevel());
  }

  @Test
  void aLedgerFullOfLevelsRemembersNoMoreAndForgetsNone() throws IOException {
    ledger.close();
    settings = with(3);
    ledger = opened(clock);
    List<Domain> good =
        List.of(Domain.of("a.example"), Domain.of("b.example"), Domain.of("c.example"));
    for (Domain domain : good) {
      days(8, domain, domain, Sights::verified);
    }
    for (int i = 0; i < 20; i++) {
      Domain junk = Domain.of("junk" + i + ".example");
      round(junk, junk, Sights.untrusted(junk), true);
    }
    ledger.flush();
    good.forEach(domain -> assertEquals(Level.VERIFY, level(domain)));
  }

  @Test
  void aForgedMxWithAValidCertificateOfItsOwnGetsNoMail() {
    days(8, DOMAIN, MX1, Sights::verified);
    round(DOMAIN, EVIL, Sights.verified(EVIL), true);
    Evidence.Ledger known = ledger.about(DOMAIN).orElseThrow();
    assertFalse(known.known().admits(EVIL));
    assertTrue(known.known().admits(MX1));
    assertTrue(heard.heard("warning", DOMAIN.name(), "never seen before"));
  }

  @Test
  void oneResetBuysNoLowerLevel() {
    days(8, DOMAIN, MX1, Sights::verified);
    round(DOMAIN, MX1, Sights.broken(MX1), true);
    assertEquals(Level.VERIFY, level(DOMAIN));
    round(DOMAIN, MX1, Sights.verified(MX1), true);
    assertTrue(ledger.alarm(DOMAIN).isEmpty());
    assertTrue(heard.heard("note", "shows its level verify again"));
  }

  @Test
  void aClockJumpMakesNoLevelFallAway() throws IOException {
    days(8, DOMAIN, MX1, Sights::verified);
    ledger.close();
    SteppedClock years = new SteppedClock(clock.now().plus(Duration.ofDays(1_000)));
    ledger = opened(years);
    assertEquals(Level.VERIFY, level(DOMAIN));
    assertTrue(heard.heard("warning", "the clock differs"));
    ledger.confirmClock();
    assertEquals(Level.MAY, level(DOMAIN), "the admin says that it was a thousand days");
    assertTrue(heard.heard("warning", "falls away"));
  }

  @Test
  void aDoubtOutlivesARestart() throws IOException {
    days(8, DOMAIN, MX1, Sights::verified);
    ledger.close();
    SteppedClock years = new SteppedClock(clock.now().plus(Duration.ofDays(1_000)));
    opened(years).close();
    ledger = opened(years);
    assertFalse(ledger.moment().trusted());
    assertEquals(Level.VERIFY, level(DOMAIN));
  }

  @Test
  void verifiedPeersConfirmAClock() throws IOException {
    days(1, DOMAIN, MX1, Sights::verified);
    ledger.close();
    ledger = opened(new SteppedClock(clock.now().plus(Duration.ofDays(3))));
    assertFalse(ledger.moment().trusted());
    for (int i = 0; i < ClockWatch.WITNESSES; i++) {
      Domain peer = Domain.of("mx.peer" + i + ".example");
      round(peer, peer, Sights.verified(peer), true);
    }
    assertTrue(ledger.moment().trusted());
  }

  @Test
  void manyUnrelatedDomainsTogetherAreNearUs() {
    for (int i = 0; i < Neighbourhood.MANY; i++) {
      Domain domain = Domain.of("d" + i + ".example");
      days(8, domain, domain, Sights::untrusted);
    }
    clock.pass(Duration.ofHours(3));
    for (int i = 0; i < Neighbourhood.MANY; i++) {
      Domain domain = Domain.of("d" + i + ".example");
      round(domain, domain, Sights.clear(domain), true);
    }
    for (int i = 0; i < Neighbourhood.MANY; i++) {
      Alarm alarm = ledger.alarm(Domain.of("d" + i + ".example")).orElseThrow();
      assertEquals(ViolationClass.NEAR_US, alarm.what());
    }
    assertTrue(heard.heard("warning", "near us"));
  }

  @Test
  void aReplacedProviderThatIsHonestIsStuckNoLongerThanTheHold() {
    days(8, DOMAIN, MX1, Sights::verified);
    Domain other = Domain.of("mx.honest.example");
    Instant began = clock.now();
    while (!ledger.about(DOMAIN).orElseThrow().known().admits(other)) {
      round(DOMAIN, other, Sights.verified(other), true);
      clock.pass(Duration.ofHours(4));
      assertTrue(
          !clock.now().isAfter(began.plus(LedgerSettings.DEFAULT_HOLD).plus(Duration.ofHours(4))));
    }
    assertEquals(Level.VERIFY, level(DOMAIN));
    assertFalse(clock.now().isBefore(began.plus(LedgerSettings.DEFAULT_HOLD)));
  }

  @Test
  void mtaStsVouchesForANewProviderAtOnce() {
    days(8, DOMAIN, MX1, Sights::verified);
    stsLists = true;
    round(DOMAIN, EVIL, Sights.verified(EVIL), true);
    assertTrue(ledger.about(DOMAIN).orElseThrow().known().admits(EVIL));
  }

  // The admin.

  @Test
  void theAdminAcceptsAndForgets() throws IOException {
    days(8, DOMAIN, MX1, Sights::verified);
    assertTrue(ledger.accept(DOMAIN).isEmpty(), "nothing stands against it");
    round(DOMAIN, MX1, Sights.clear(MX1), true);
    assertTrue(ledger.accept(DOMAIN).orElseThrow().contains("by the admin's word"));
    assertEquals(Level.MAY, level(DOMAIN));
    restart();
    assertEquals(Level.MAY, level(DOMAIN));
    assertTrue(ledger.forget(DOMAIN));
    assertFalse(ledger.forget(DOMAIN));
    restart();
    assertTrue(ledger.show(DOMAIN).isEmpty());
    assertTrue(ledger.accept(DOMAIN).isEmpty());
  }

  @Test
  void listsByKind() throws IOException {
    days(8, DOMAIN, MX1, Sights::verified);
    Domain plain = Domain.of("plain.example");
    round(plain, plain, Sights.clear(plain), true);
    assertEquals(2, ledger.page(LiveLedger.Which.ALL, "", 10).size());
    assertEquals(1, ledger.page(LiveLedger.Which.ALL, DOMAIN.name(), 10).size());
    assertEquals(DOMAIN, ledger.page(LiveLedger.Which.WITH_LEVEL, "", 10).getFirst().domain());
    assertEquals(0, ledger.page(LiveLedger.Which.VIOLATED, "", 10).size());
    round(DOMAIN, MX1, Sights.silent(MX1), true);
    round(DOMAIN, MX1, Sights.clear(MX1), true);
    assertEquals(1, ledger.page(LiveLedger.Which.VIOLATED, "", 10).size());
  }

  @Test
  void aPolicyThatRanOutLeavesALevelEvenWhereNothingWasKnown() throws IOException {
    ledger.keep(DOMAIN, List.of(MxPattern.parse("*.provider.example").orElseThrow()));
    restart();
    Evidence.Ledger known = ledger.about(DOMAIN).orElseThrow();
    assertEquals(Level.VERIFY, known.level());
    assertTrue(known.known().admits(MX1));
    assertFalse(known.known().admits(EVIL));
  }

  @Test
  void aRoundAsksTheDnsAfreshWhileSomethingStandsAgainstTheDomain() {
    days(8, DOMAIN, MX1, Sights::verified);
    MxAnswer answer = new MxAnswer(Set.of(MX1), false, clock.now().plusSeconds(300));
    Visit visit = ledger.visit(DOMAIN, answer, true);
    assertFalse(visit.askAfresh());
    visit.seen(Sights.clear(MX1));
    assertTrue(visit.askAfresh());
  }
}

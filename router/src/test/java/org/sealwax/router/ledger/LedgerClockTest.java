package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.net.ManualClock;

final class LedgerClockTest {
  private static final Instant START = Instant.parse("2026-11-25T12:00:00Z");

  private final ManualClock clock = new ManualClock(START);

  private LedgerClock started() {
    return started(Map.of());
  }

  private LedgerClock started(Map<String, Long> meta) {
    return new LedgerClock(clock, new RecordingMailLog().log(), meta);
  }

  @ParameterizedTest
  @ValueSource(longs = {-3_601, 3_601, 86_400 * 181L, -86_400 * 400L})
  void aJumpOfOverAnHourIsDoubted(long seconds) {
    LedgerClock watch = started();
    clock.pass(Duration.ofSeconds(10));
    assertTrue(watch.read().trusted());
    clock.jump(Duration.ofSeconds(seconds));
    assertFalse(watch.read().trusted());
  }

  @ParameterizedTest
  @ValueSource(longs = {-3_599, 3_599, 0})
  void correctionUpToAnHourIsNot(long seconds) {
    LedgerClock watch = started();
    clock.pass(Duration.ofSeconds(10));
    clock.jump(Duration.ofSeconds(seconds));
    assertTrue(watch.read().trusted());
  }

  @Test
  void manySmallJumpsAddUp() {
    LedgerClock watch = started();
    clock.jump(Duration.ofMinutes(50));
    assertTrue(watch.read().trusted());
    clock.jump(Duration.ofMinutes(50));
    assertFalse(watch.read().trusted());
  }

  @Test
  void aClockThatCameBackIsBelievedAgainAndHoldsGoOn() {
    LedgerClock watch = started();
    clock.jump(Duration.ofDays(200));
    assertFalse(watch.read().trusted());
    clock.jump(Duration.ofDays(-200));
    clock.pass(Duration.ofMinutes(1));
    ClockReading back = watch.read();
    assertTrue(back.trusted());
    assertEquals(Instant.EPOCH, back.steadySince());
  }

  @ParameterizedTest
  @ValueSource(longs = {3_601, -3_601})
  void theLastStoredTimeCountsAtTheStart(long seconds) {
    LedgerClock watch = started(Map.of("clock", START.minusSeconds(seconds).getEpochSecond()));
    assertFalse(watch.read().trusted());
    clock.pass(Duration.ofSeconds(10));
    assertFalse(watch.read().trusted(), "time heals it not");
    long near = clock.now().minusSeconds(3_599).getEpochSecond();
    assertTrue(started(Map.of("clock", near)).read().trusted());
  }

  @Test
  void peersOfSeveralOrganisationsConfirmIt() {
    LedgerClock watch = started(Map.of("clock", 0L));
    for (int i = 0; i < 100; i++) {
      watch.peerVerified(Domain.of("one.example"));
    }
    assertFalse(watch.read().trusted(), "one organisation could be one attacker");
    for (int i = 0; i < LedgerClock.ORGANISATIONS - 1; i++) {
      watch.peerVerified(Domain.of("o" + i + ".example"));
    }
    assertTrue(watch.read().trusted());
    assertEquals(START, watch.read().steadySince());
  }

  @Test
  void theAdminConfirmsIt() {
    LedgerClock watch = started();
    clock.jump(Duration.ofDays(9));
    assertFalse(watch.read().trusted());
    watch.confirm();
    clock.pass(Duration.ofSeconds(5));
    assertTrue(watch.read().trusted());
  }
}

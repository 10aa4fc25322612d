package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;

final class ClockTrustTest {
  private static final Instant START = Instant.parse("2026-11-25T12:00:00Z");

  private static ClockTrust started() {
    return new ClockTrust(START, 0, null, Instant.EPOCH);
  }

  @ParameterizedTest
  @ValueSource(longs = {-3_601, 3_601, 86_400 * 181L, -86_400 * 400L})
  void aJumpOfOverAnHourIsDoubted(long seconds) {
    ClockTrust watch = started();
    assertTrue(watch.read(START.plusSeconds(10), 10_000_000_000L).trusted());
    assertFalse(watch.read(START.plusSeconds(10 + seconds), 10_000_000_000L).trusted());
  }

  @ParameterizedTest
  @ValueSource(longs = {-3_599, 3_599, 0})
  void correctionUpToAnHourIsNot(long seconds) {
    assertTrue(started().read(START.plusSeconds(10 + seconds), 10_000_000_000L).trusted());
  }

  @Test
  void manySmallJumpsAddUp() {
    ClockTrust watch = started();
    assertTrue(watch.read(START.plusSeconds(3_000), 0).trusted());
    assertFalse(watch.read(START.plusSeconds(6_000), 0).trusted());
  }

  @Test
  void aClockThatCameBackIsBelievedAgainAndHoldsGoOn() {
    ClockTrust watch = started();
    assertFalse(watch.read(START.plus(Duration.ofDays(200)), 0).trusted());
    ClockReading back = watch.read(START.plusSeconds(60), 60_000_000_000L);
    assertTrue(back.trusted());
    assertEquals(Instant.EPOCH, back.steadySince());
  }

  @ParameterizedTest
  @ValueSource(longs = {3_601, -3_601})
  void theLastStoredTimeCountsAtTheStart(long seconds) {
    ClockTrust watch = new ClockTrust(START, 0, START.minusSeconds(seconds), Instant.EPOCH);
    assertFalse(watch.read(START, 0).trusted());
    assertFalse(watch.read(START.plusSeconds(10), 10_000_000_000L).trusted(), "time heals it not");
    assertTrue(new ClockTrust(START, 0, START.minusSeconds(3_599), Instant.EPOCH).trusted());
  }

  @Test
  void peersOfSeveralOrganisationsConfirmIt() {
    ClockTrust watch = new ClockTrust(START, 0, Instant.EPOCH, Instant.EPOCH);
    for (int i = 0; i < 100; i++) {
      watch.peerVerified(Domain.of("one.example"), START, 0);
    }
    assertFalse(watch.trusted(), "one organisation could be one attacker");
    for (int i = 0; i < ClockTrust.ORGANISATIONS - 1; i++) {
      watch.peerVerified(Domain.of("o" + i + ".example"), START, 0);
    }
    assertTrue(watch.trusted());
    assertEquals(START, watch.read(START, 0).steadySince());
  }

  @Test
  void theAdminConfirmsIt() {
    ClockTrust watch = started();
    Instant far = START.plus(Duration.ofDays(9));
    assertFalse(watch.read(far, 0).trusted());
    watch.confirm(far, 0);
    assertTrue(watch.read(far.plusSeconds(5), 5_000_000_000L).trusted());
  }
}

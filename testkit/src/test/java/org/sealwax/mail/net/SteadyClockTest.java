package org.sealwax.mail.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.testkit.net.ManualClock;

/** What the watch promises when the machine's clock jumps. */
final class SteadyClockTest {
  private static final Instant START = Instant.parse("2026-05-01T12:00:00Z");
  private static final List<Duration> JUMPS =
      List.of(
          Duration.ofDays(1),
          Duration.ofDays(-1),
          Duration.ofDays(365),
          Duration.ofDays(-365),
          Duration.ofDays(20_000),
          Duration.ofDays(-20_000),
          Duration.ofHours(2));

  private final ManualClock machine = new ManualClock(START);

  private static Duration between(Instant a, Instant b) {
    return Duration.between(a, b);
  }

  @Test
  void aClockThatIsKeptIsFollowed() {
    SteadyClock clock = SteadyClock.startingWith(machine);
    for (int i = 0; i < 1000; i++) {
      machine.pass(Duration.ofMinutes(10));
      machine.jump(Duration.ofSeconds(i % 3 - 1));
      assertEquals(machine.now(), clock.now());
      assertEquals(machine.now(), clock.civilTime());
    }
    assertFalse(clock.isUncertain());
  }

  @Test
  void measuredTimeDoesNotJumpAndIsMadeGoodSlowly() {
    for (Duration jump : JUMPS) {
      SteadyClock clock = SteadyClock.startingWith(machine);
      Instant before = clock.now();
      machine.jump(jump);
      assertEquals(before, clock.now(), "jump " + jump);
      Duration off = jump;
      for (int hour = 0; hour < 100; hour++) {
        Instant last = clock.now();
        machine.pass(Duration.ofHours(1));
        Duration passed = between(last, clock.now());
        assertTrue(passed.toMinutes() >= 54 && passed.toMinutes() <= 66, jump + ": " + passed);
        Duration now = between(clock.now(), machine.now());
        assertTrue(now.abs().compareTo(off.abs()) <= 0, jump + ": " + now);
        off = now;
      }
      if (jump.abs().toHours() <= 2) {
        assertEquals(machine.now(), clock.now(), "made good");
      }
      machine.jump(jump.negated());
    }
  }

  @Test
  void aJumpWhileRunningIsDoubtedForADay() {
    for (Duration jump : JUMPS) {
      SteadyClock clock = SteadyClock.startingWith(machine);
      machine.pass(Duration.ofSeconds(30));
      Instant before = clock.civilTime();
      machine.jump(jump);
      assertEquals(before, clock.civilTime(), "jump " + jump);
      assertTrue(clock.isUncertain());
      machine.pass(Duration.ofHours(23));
      assertEquals(before.plus(Duration.ofHours(23)), clock.believed().now());
      machine.pass(Duration.ofHours(1));
      assertEquals(machine.now(), clock.civilTime());
      assertFalse(clock.isUncertain());
      machine.jump(jump.negated());
    }
  }

  @Test
  void revertedJumpIsIgnored() {
    SteadyClock clock = SteadyClock.startingWith(machine);
    machine.jump(Duration.ofDays(365));
    assertTrue(clock.isUncertain());
    machine.jump(Duration.ofDays(-365));
    assertFalse(clock.isUncertain());
    assertEquals(machine.now(), clock.civilTime());
  }

  @Test
  void adminConfirmsTheClock() {
    SteadyClock clock = SteadyClock.startingWith(machine);
    machine.jump(Duration.ofDays(365));
    assertTrue(clock.isUncertain());
    clock.confirm();
    assertEquals(machine.now(), clock.civilTime());
    assertEquals(START, clock.now(), "what is measured goes on");
  }

  /** The year ahead for 14 s at boot, and the clock without a battery. */
  @Test
  void aBootWithAWrongClockAgesNothingAndIsBelievedOnceItWasSet() {
    for (Duration wrong : JUMPS) {
      SteadyClock.Mark left = SteadyClock.startingWith(machine).mark();
      machine.pass(Duration.ofMinutes(2));
      machine.jump(wrong);
      SteadyClock clock = new SteadyClock(machine, left);
      Duration aged = between(left.measured(), clock.now());
      assertTrue(
          !aged.isNegative() && aged.compareTo(Duration.ofHours(1)) <= 0, wrong + ": " + aged);
      machine.pass(Duration.ofSeconds(14));
      Instant before = clock.now();
      machine.jump(wrong.negated());
      assertTrue(between(before, clock.now()).abs().toSeconds() < 60, "jump " + wrong);
      assertEquals(machine.now(), clock.civilTime(), "set after " + wrong);
      assertFalse(clock.isUncertain());
      machine.pass(Duration.ofHours(30));
    }
  }

  @Test
  void aFirstStartBelievesTheTimeThatIsFetched() {
    SteadyClock clock = new SteadyClock(machine, null);
    machine.pass(Duration.ofSeconds(14));
    Instant before = clock.now();
    machine.jump(Duration.ofDays(-365));
    assertEquals(machine.now(), clock.civilTime());
    assertEquals(before, clock.now());
  }

  @Test
  void aJumpAwayFromTheLastRunIsDoubtedAlsoAfterALongPause() {
    SteadyClock.Mark left = SteadyClock.startingWith(machine).mark();
    machine.pass(Duration.ofDays(3));
    SteadyClock clock = new SteadyClock(machine, left);
    assertEquals(machine.now(), clock.civilTime(), "it was off");
    machine.jump(Duration.ofDays(365));
    assertTrue(clock.isUncertain());
  }

  @Test
  void normalRestartKeepsTheClock() {
    SteadyClock.Mark left = SteadyClock.startingWith(machine).mark();
    machine.pass(Duration.ofMinutes(5));
    SteadyClock clock = new SteadyClock(machine, left);
    assertEquals(machine.now(), clock.now());
    assertEquals(machine.now(), clock.civilTime());
  }
}

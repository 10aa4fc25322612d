package org.sealwax.sts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.sealwax.policy.Evidence;

/** What holds when, told by the clock. */
final class StsStepTest {
  private static final Instant NOON = Instant.parse("2026-11-25T12:00:00Z");
  private static final Duration WEEK = Duration.ofDays(7);
  private static final Announcement A = says("v=STSv1; id=a");
  private static final Announcement B = says("v=STSv1; id=b");
  private static final Announcement GONE = says();
  private static final Announcement SILENT = new Announcement.Silent("SERVFAIL");

  private static Announcement says(String... texts) {
    return new Announcement.Says(StsRecord.read(List.of(texts)));
  }

  private static StsPolicy policy(String mode, Duration maxAge) {
    String text =
        "version: STSv1\nmode: " + mode + "\nmx: mx.test\nmax_age: " + maxAge.toSeconds() + "\n";
    return assertInstanceOf(
            StsPolicy.Reading.Sound.class, StsPolicy.read(text.getBytes(StandardCharsets.UTF_8)))
        .policy();
  }

  private static StsMemory kept(String id, String mode, Duration maxAge, Instant at) {
    return StsStep.fetched(id, policy(mode, maxAge), at, 0).memory();
  }

  private static Evidence.StsState state(StsStep step) {
    return assertInstanceOf(StsStep.Next.Settled.class, step.next(), step.toString()).state();
  }

  private static void enforces(String id, StsStep step) {
    assertEquals(id, assertInstanceOf(Evidence.StsState.Enforce.class, state(step)).id());
  }

  private static Evidence.StsState.Pending pending(StsStep step) {
    return assertInstanceOf(Evidence.StsState.Pending.class, state(step), step.toString());
  }

  private static Evidence.StsState.Absent absent(StsStep step) {
    return assertInstanceOf(Evidence.StsState.Absent.class, state(step), step.toString());
  }

  private static void fetches(String id, StsStep step) {
    assertEquals(new StsStep.Next.Fetch(id), step.next());
  }

  @Test
  void aDomainWithoutARecordHasNoPolicyAndLeavesNoTrace() {
    StsStep step = StsStep.ask(StsMemory.EMPTY, GONE, NOON);
    assertEquals("no _mta-sts record", absent(step).why());
    assertTrue(step.memory().isEmpty());
    assertTrue(
        absent(StsStep.ask(StsMemory.EMPTY, says("v=STSv1; id=a", "v=STSv1; id=b"), NOON))
            .why()
            .contains("2 _mta-sts records"));
    assertTrue(
        absent(StsStep.ask(StsMemory.EMPTY, says("v=STSv1;"), NOON)).why().contains("malformed"));
  }

  @Test
  void theFirstContactFetchesAndTheSameIdDoesNotFetchAgain() {
    fetches("a", StsStep.ask(StsMemory.EMPTY, A, NOON));
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    StsStep later = StsStep.ask(memory, A, NOON.plus(WEEK).minusSeconds(1));
    enforces("a", later);
    assertEquals(
        NOON.plus(WEEK), assertInstanceOf(StsStep.Next.Settled.class, later.next()).expires());
    assertEquals(memory, later.memory());
    // Past its time it is asked for anew.
    fetches("a", StsStep.ask(memory, A, NOON.plus(WEEK)));
  }

  @Test
  void f6F7TestingAndNoneBindNobody() {
    assertInstanceOf(
        Evidence.StsState.Testing.class,
        state(StsStep.ask(kept("a", "testing", WEEK, NOON), A, NOON)));
    assertTrue(
        absent(StsStep.ask(kept("a", "none", WEEK, NOON), A, NOON)).why().contains("mode none"));
  }

  @Test
  void f17ACachedPolicyHoldsUntilMaxAgeWhateverVanishes() {
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    Instant last = NOON.plus(WEEK).minusSeconds(1);
    for (Announcement vanished : List.of(GONE, SILENT, says("v=STSv1; id=a", "v=STSv1; id=b"))) {
      enforces("a", StsStep.ask(memory, vanished, last));
      assertEquals(memory, StsStep.ask(memory, vanished, last).memory());
    }
    // And the host is down as well, with the record there.
    StsStep down = StsStep.failed(memory, "refused", last.minusSeconds(1));
    enforces("a", down);
    enforces("a", StsStep.ask(down.memory(), B, last));
    enforces("a", StsStep.failed(down.memory(), "refused", last));
  }

  @Test
  void f18ANewIdIsFetchedAndTheOldPolicyStaysWhenThatFails() {
    StsMemory old = kept("a", "enforce", WEEK, NOON);
    Instant now = NOON.plusSeconds(60);
    fetches("b", StsStep.ask(old, B, now));
    StsStep failed = StsStep.failed(old, "status 500", now);
    enforces("a", failed);
    // Not asked again for five minutes, ten after the second time.
    enforces("a", StsStep.ask(failed.memory(), B, now.plus(Duration.ofMinutes(5)).minusMillis(1)));
    fetches("b", StsStep.ask(failed.memory(), B, now.plus(Duration.ofMinutes(5))));
    StsMemory twice = StsStep.failed(failed.memory(), "", now.plus(Duration.ofMinutes(5))).memory();
    enforces("a", StsStep.ask(twice, B, now.plus(Duration.ofMinutes(14))));
    fetches("b", StsStep.ask(twice, B, now.plus(Duration.ofMinutes(15))));
    StsMemory next = StsStep.fetched("b", policy("enforce", WEEK), now, 0.5).memory();
    enforces("b", StsStep.ask(next, B, now));
    assertNull(next.tried());
  }

  @Test
  void f19AtFirstContactMailWaitsHalfAnHourAndOneMoreFetch() {
    Instant t = NOON;
    fetches("a", StsStep.ask(StsMemory.EMPTY, A, t));
    StsStep step = StsStep.failed(StsMemory.EMPTY, "refused", t);
    assertEquals(NOON.plus(StsStep.FETCH_HOLD), pending(step).until());
    // Mail that comes meanwhile waits too, and asks the host no more often than allowed.
    pending(StsStep.ask(step.memory(), A, NOON.plusSeconds(299)));
    fetches("a", StsStep.ask(step.memory(), A, NOON.plusSeconds(300)));
    step = StsStep.failed(step.memory(), "refused", NOON.plusSeconds(300));
    pending(step);
    fetches("a", StsStep.ask(step.memory(), A, NOON.plusSeconds(900)));
    step = StsStep.failed(step.memory(), "refused", NOON.plusSeconds(900));
    // The gap would be twenty minutes now; the end of the hold is a time to try.
    pending(StsStep.ask(step.memory(), A, NOON.plusSeconds(1_799)));
    fetches("a", StsStep.ask(step.memory(), A, NOON.plusSeconds(1_800)));
    step = StsStep.failed(step.memory(), "refused", NOON.plusSeconds(1_800));
    assertTrue(absent(step).why().contains("could not be fetched since " + NOON), step.toString());
    // From then on mail goes, and the host is tried once an hour at the least often.
    absent(StsStep.ask(step.memory(), A, NOON.plusSeconds(1_801)));
    fetches("a", StsStep.ask(step.memory(), A, NOON.plusSeconds(1_800).plus(StsStep.MOST_GAP)));
  }

  @Test
  void mailThatComesOnlyAfterTheHoldStillCausesAFetch() {
    StsMemory once = StsStep.failed(StsMemory.EMPTY, "refused", NOON).memory();
    Instant later = NOON.plus(Duration.ofHours(2));
    fetches("a", StsStep.ask(once, A, later));
    absent(StsStep.failed(once, "refused", later));
    enforces("a", StsStep.fetched("a", policy("enforce", WEEK), later, 0));
  }

  @Test
  void aLookUpThatFailsWithNothingCachedHoldsForFourHours() {
    StsStep step = StsStep.ask(StsMemory.EMPTY, SILENT, NOON);
    assertEquals(NOON.plus(StsStep.LOOKUP_HOLD), pending(step).until());
    StsMemory memory = step.memory();
    Instant end = NOON.plus(StsStep.LOOKUP_HOLD);
    assertEquals(end, pending(StsStep.ask(memory, SILENT, end.minusSeconds(1))).until());
    assertTrue(absent(StsStep.ask(memory, SILENT, end)).why().contains("SERVFAIL, since " + NOON));
    // An answer, whatever it says, ends it.
    assertTrue(StsStep.ask(memory, GONE, end).memory().isEmpty());
    fetches("a", StsStep.ask(memory, A, end));
    assertNull(StsStep.ask(memory, A, end).memory().lookupSince());
  }

  @Test
  void anEnforcedPolicyThatRunsOutWhileItCannotBeRenewedIsHandedToTheLedger() {
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    Instant over = NOON.plus(WEEK);
    StsStep step = StsStep.failed(memory, "refused", over);
    StsStep.Lost lost = Objects.requireNonNull(step.lost());
    assertEquals(StsStep.Ending.REFRESH_FAILED, lost.why());
    assertEquals("a", lost.kept().id());
    // This delivery still goes by the policy: the ledger was asked before it was told.
    enforces("a", step);
    assertNull(step.memory().kept());
    assertNull(StsStep.ask(step.memory(), A, over).lost(), "told twice");
    // The look-up that fails does the same, and so does a record that is gone.
    assertEquals(
        StsStep.Ending.REFRESH_FAILED,
        Objects.requireNonNull(StsStep.ask(memory, SILENT, over).lost()).why());
    assertEquals(
        StsStep.Ending.RECORD_GONE,
        Objects.requireNonNull(StsStep.ask(memory, GONE, over).lost()).why());
    // What never bound anybody is not remembered as if it had.
    for (String mode : List.of("testing", "none")) {
      StsMemory other = kept("a", mode, WEEK, NOON);
      assertNull(StsStep.failed(other, "refused", over).lost());
      assertNull(StsStep.ask(other, GONE, over).lost());
    }
  }

  @Test
  void f16AMaxAgeOfNothingHoldsForAMinute() {
    StsMemory memory = kept("a", "enforce", Duration.ZERO, NOON);
    enforces("a", StsStep.ask(memory, A, NOON.plusSeconds(59)));
    fetches("a", StsStep.ask(memory, A, NOON.plusSeconds(60)));
    assertNull(memory.refresh());
  }

  @Test
  void renewalsAreAtLeastDailyAndSpread() {
    for (double jitter : new double[] {0, 0.5, 0.999}) {
      Instant week =
          Objects.requireNonNull(
              StsStep.fetched("a", policy("enforce", WEEK), NOON, jitter).memory().refresh());
      assertFalse(week.isAfter(NOON.plus(StsStep.REFRESH)), week.toString());
      assertFalse(week.isBefore(NOON.plus(Duration.ofHours(18))), week.toString());
      Instant hour =
          Objects.requireNonNull(
              StsStep.fetched("a", policy("enforce", Duration.ofHours(1)), NOON, jitter)
                  .memory()
                  .refresh());
      assertTrue(hour.isBefore(NOON.plus(Duration.ofMinutes(30))), hour.toString());
    }
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    Instant day = NOON.plus(StsStep.REFRESH);
    // The same id, and a look-up that fails: HTTPS vouches for itself.
    fetches("a", StsStep.renew(memory, A, day));
    fetches("a", StsStep.renew(memory, SILENT, day));
    fetches("b", StsStep.renew(memory, B, day));
    // A domain that took its record away is not asked to stay.
    StsStep gone = StsStep.renew(memory, GONE, day);
    enforces("a", gone);
    assertEquals(day.plus(StsStep.REFRESH), gone.memory().refresh());
    assertEquals(NOON, Objects.requireNonNull(gone.memory().kept()).fetched());
  }

  @Test
  void aRecheckWithinFiveMinutesOfTheLastFetchAsksNobody() {
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    enforces("a", StsStep.renew(memory, A, NOON.plusSeconds(299)));
    fetches("a", StsStep.renew(memory, A, NOON.plusSeconds(300)));
    // The clock was set back: that is no reason never to ask.
    fetches("a", StsStep.renew(memory, A, NOON.minusSeconds(7_200)));
  }

  @Test
  void whateverHappensAPolicyInForceIsNeverLetGoAndHoldsAreBounded() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      StsMemory memory = StsMemory.EMPTY;
      Instant now = NOON;
      for (int i = 0; i < 200; i++) {
        now = now.plusSeconds(random.nextInt(3_000));
        StsMemory.Kept live = memory.live(now);
        Announcement announcement = List.of(A, B, GONE, SILENT).get(random.nextInt(4));
        StsStep step =
            random.nextInt(5) == 0
                ? StsStep.renew(memory, announcement, now)
                : StsStep.ask(memory, announcement, now);
        if (step.next() instanceof StsStep.Next.Fetch fetch) {
          step =
              random.nextInt(3) > 0
                  ? StsStep.failed(step.memory(), "refused", now)
                  : StsStep.fetched(
                      fetch.id(), policy("enforce", Duration.ofHours(6)), now, random.nextDouble());
        }
        if (live != null) {
          // RFC 8461 §3.3, last paragraph but one: a cached policy that is valid applies.
          assertInstanceOf(Evidence.StsState.Enforce.class, state(step), "seed " + seed);
        }
        if (state(step) instanceof Evidence.StsState.Pending p) {
          assertFalse(p.until().isAfter(now.plus(StsStep.LOOKUP_HOLD)), "seed " + seed + ": " + p);
        }
        memory = step.memory();
      }
    }
  }
}

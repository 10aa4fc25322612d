package org.sealwax.mail.sts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.policy.Evidence;

/** Which policy holds at which time. */
final class StsStepTest {
  private static final Instant NOON = Instant.parse("2026-11-25T12:00:00Z");
  private static final Duration WEEK = Duration.ofDays(7);
  private static final StsLookup A = says("v=STSv1; id=a");
  private static final StsLookup B = says("v=STSv1; id=b");
  private static final StsLookup GONE = says();
  private static final StsLookup SILENT = new StsLookup.NoRecordAnswer("SERVFAIL");

  private static StsLookup says(String... texts) {
    return new StsLookup.RecordAnswer(StsRecord.read(List.of(texts)));
  }

  private static StsPolicy policy(String mode, Duration maxAge) {
    String text =
        "version: STSv1\nmode: " + mode + "\nmx: mx.test\nmax_age: " + maxAge.toSeconds() + "\n";
    return assertInstanceOf(
            StsPolicy.ParsedStsPolicy.ValidStsPolicy.class,
            StsPolicy.read(text.getBytes(StandardCharsets.UTF_8)))
        .policy();
  }

  private static StsMemory kept(String id, String mode, Duration maxAge, Instant at) {
    return StsStep.fetched(id, policy(mode, maxAge), at, 0).memory();
  }

  private static StsStep decide(StsMemory memory, StsLookup lookup, Instant now) {
    return StsStep.decide(memory, lookup, FirstContactWait.defaults(), now);
  }

  private static StsStep renew(StsMemory memory, StsLookup lookup, Instant now) {
    return StsStep.renew(memory, lookup, FirstContactWait.defaults(), now);
  }

  private static StsStep failed(StsMemory memory, String why, Instant now) {
    return StsStep.failed(memory, why, FirstContactWait.defaults(), now);
  }

  private static Evidence.StsState state(StsStep step) {
    return assertInstanceOf(StsStep.StsAction.StateHolds.class, step.next(), step.toString())
        .state();
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
    assertEquals(new StsStep.StsAction.FetchPolicy(id), step.next());
  }

  @Test
  void aDomainWithoutARecordHasNoPolicyAndLeavesNoTrace() {
    StsStep step = decide(StsMemory.EMPTY, GONE, NOON);
    assertEquals("no _mta-sts record", absent(step).why());
    assertTrue(step.memory().isEmpty());
    assertTrue(
        absent(decide(StsMemory.EMPTY, says("v=STSv1; id=a", "v=STSv1; id=b"), NOON))
            .why()
            .contains("2 _mta-sts records"));
    assertTrue(absent(decide(StsMemory.EMPTY, says("v=STSv1;"), NOON)).why().contains("malformed"));
  }

  @Test
  void theFirstContactFetchesAndTheSameIdDoesNotFetchAgain() {
    fetches("a", decide(StsMemory.EMPTY, A, NOON));
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    StsStep later = decide(memory, A, NOON.plus(WEEK).minusSeconds(1));
    enforces("a", later);
    assertEquals(
        NOON.plus(WEEK),
        assertInstanceOf(StsStep.StsAction.StateHolds.class, later.next()).expires());
    assertEquals(memory, later.memory());
    // Past its time it is asked for again.
    fetches("a", decide(memory, A, NOON.plus(WEEK)));
  }

  @Test
  void f6F7TestingAndNoneRequireNothing() {
    assertInstanceOf(
        Evidence.StsState.Testing.class, state(decide(kept("a", "testing", WEEK, NOON), A, NOON)));
    assertTrue(absent(decide(kept("a", "none", WEEK, NOON), A, NOON)).why().contains("mode none"));
  }

  @Test
  void f17ACachedPolicyHoldsUntilMaxAgeWhateverVanishes() {
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    Instant last = NOON.plus(WEEK).minusSeconds(1);
    for (StsLookup vanished : List.of(GONE, SILENT, says("v=STSv1; id=a", "v=STSv1; id=b"))) {
      enforces("a", decide(memory, vanished, last));
      assertEquals(memory, decide(memory, vanished, last).memory());
    }
    // And the host is down as well, with the record there.
    StsStep down = failed(memory, "refused", last.minusSeconds(1));
    enforces("a", down);
    enforces("a", decide(down.memory(), B, last));
    enforces("a", failed(down.memory(), "refused", last));
  }

  @Test
  void f18NewIdIsFetchedAndOldPolicyStaysOnFailure() {
    StsMemory old = kept("a", "enforce", WEEK, NOON);
    Instant now = NOON.plusSeconds(60);
    fetches("b", decide(old, B, now));
    StsStep failed = failed(old, "status 500", now);
    enforces("a", failed);
    // Not asked again for five minutes, ten after the second time.
    enforces("a", decide(failed.memory(), B, now.plus(Duration.ofMinutes(5)).minusMillis(1)));
    fetches("b", decide(failed.memory(), B, now.plus(Duration.ofMinutes(5))));
    StsMemory twice = failed(failed.memory(), "", now.plus(Duration.ofMinutes(5))).memory();
    enforces("a", decide(twice, B, now.plus(Duration.ofMinutes(14))));
    fetches("b", decide(twice, B, now.plus(Duration.ofMinutes(15))));
    StsMemory next = StsStep.fetched("b", policy("enforce", WEEK), now, 0.5).memory();
    enforces("b", decide(next, B, now));
    assertNull(next.tried());
  }

  @Test
  void f19AtFirstContactMailWaitsHalfAnHourAndOneMoreFetch() {
    Instant t = NOON;
    fetches("a", decide(StsMemory.EMPTY, A, t));
    StsStep step = failed(StsMemory.EMPTY, "refused", t);
    assertEquals(NOON.plus(FirstContactWait.FETCH), pending(step).until());
    // Mail that comes meanwhile waits too, and asks the host no more often than allowed.
    pending(decide(step.memory(), A, NOON.plusSeconds(299)));
    fetches("a", decide(step.memory(), A, NOON.plusSeconds(300)));
    step = failed(step.memory(), "refused", NOON.plusSeconds(300));
    pending(step);
    fetches("a", decide(step.memory(), A, NOON.plusSeconds(900)));
    step = failed(step.memory(), "refused", NOON.plusSeconds(900));
    // The gap would be twenty minutes now; the end of the hold is a time to try.
    pending(decide(step.memory(), A, NOON.plusSeconds(1_799)));
    fetches("a", decide(step.memory(), A, NOON.plusSeconds(1_800)));
    step = failed(step.memory(), "refused", NOON.plusSeconds(1_800));
    assertTrue(absent(step).why().contains("could not be fetched since " + NOON), step.toString());
    // From then on mail goes, and the host is tried once an hour at the least often.
    absent(decide(step.memory(), A, NOON.plusSeconds(1_801)));
    fetches("a", decide(step.memory(), A, NOON.plusSeconds(1_800).plus(StsStep.MOST_GAP)));
  }

  @Test
  void whatIsServedAndIsNoPolicyCountsAsNoneAtOnce() {
    StsStep step =
        StsStep.invalid(
            StsMemory.EMPTY, "not a policy: no mode", FirstContactWait.defaults(), NOON);
    assertEquals("announced, but unusable: not a policy: no mode", absent(step).why());
    // The host is spared as after any other failure, and mail goes meanwhile.
    absent(decide(step.memory(), A, NOON.plusSeconds(299)));
    fetches("a", decide(step.memory(), A, NOON.plusSeconds(300)));
    StsMemory twice =
        StsStep.invalid(
                step.memory(), "the same", FirstContactWait.defaults(), NOON.plusSeconds(300))
            .memory();
    absent(decide(twice, A, NOON.plusSeconds(899)));
    fetches("a", decide(twice, A, NOON.plusSeconds(900)));
    enforces("a", StsStep.fetched("a", policy("enforce", WEEK), NOON.plusSeconds(900), 0));
    // A host that cannot be reached then is a first contact again: an attacker may hide the policy.
    Instant later = NOON.plusSeconds(900);
    StsStep down = failed(twice, "refused", later);
    assertEquals(later.plus(FirstContactWait.FETCH), pending(down).until());
    // After a wait that had begun, the answer ends it.
    StsMemory waiting = failed(StsMemory.EMPTY, "refused", NOON).memory();
    absent(StsStep.invalid(waiting, "html", FirstContactWait.defaults(), NOON.plusSeconds(300)));
  }

  @Test
  void aPolicyInForceOutlivesSomethingServedInItsPlace() {
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    Instant last = NOON.plus(WEEK).minusSeconds(1);
    StsStep step = StsStep.invalid(memory, "html", FirstContactWait.defaults(), last);
    enforces("a", step);
    enforces("a", decide(step.memory(), B, last));
    StsStep over = StsStep.invalid(memory, "html", FirstContactWait.defaults(), NOON.plus(WEEK));
    enforces("a", over);
    assertEquals(StsStep.PolicyEnd.REFRESH_FAILED, Objects.requireNonNull(over.lost()).why());
  }

  @Test
  void mailThatComesOnlyAfterTheHoldStillCausesAFetch() {
    StsMemory once = failed(StsMemory.EMPTY, "refused", NOON).memory();
    Instant later = NOON.plus(Duration.ofHours(2));
    fetches("a", decide(once, A, later));
    absent(failed(once, "refused", later));
    enforces("a", StsStep.fetched("a", policy("enforce", WEEK), later, 0));
  }

  @Test
  void aWaitTooShortForAnotherFetchEndsByTheClockAndTheHostIsStillSpared() {
    FirstContactWait brief =
        new FirstContactWait(StsStep.LEAST_GAP.minusSeconds(1), FirstContactWait.LOOKUP);
    Instant end = NOON.plusSeconds(299);
    StsStep step = StsStep.failed(StsMemory.EMPTY, "refused", brief, NOON);
    assertEquals(end, pending(step).until());
    StsMemory memory = step.memory();
    assertEquals(end, pending(StsStep.decide(memory, A, brief, end.minusMillis(1))).until());
    StsStep over = StsStep.decide(memory, A, brief, end);
    assertTrue(absent(over).why().contains("could not be fetched since " + NOON), over.toString());
    // The host is asked again when it may be, and a policy that comes then is in force.
    fetches("a", StsStep.decide(memory, A, brief, NOON.plus(StsStep.LEAST_GAP)));
    StsStep again = StsStep.failed(memory, "refused", brief, NOON.plus(StsStep.LEAST_GAP));
    absent(again);
    enforces("a", StsStep.fetched("a", policy("enforce", WEEK), end, 0));
  }

  @Test
  void aWaitOfFiveMinutesHasItsOtherFetchBeforeMailGoes() {
    FirstContactWait exact = new FirstContactWait(StsStep.LEAST_GAP, FirstContactWait.LOOKUP);
    Instant end = NOON.plus(StsStep.LEAST_GAP);
    StsMemory once = StsStep.failed(StsMemory.EMPTY, "refused", exact, NOON).memory();
    assertEquals(end, pending(StsStep.decide(once, A, exact, end.minusMillis(1))).until());
    fetches("a", StsStep.decide(once, A, exact, end));
    absent(StsStep.failed(once, "refused", exact, end));
  }

  @Test
  void withoutFirstContactWaitMailGoesAtOnce() {
    FirstContactWait none = new FirstContactWait(Duration.ZERO, Duration.ZERO);
    fetches("a", StsStep.decide(StsMemory.EMPTY, A, none, NOON));
    absent(StsStep.failed(StsMemory.EMPTY, "refused", none, NOON));
    absent(StsStep.decide(StsMemory.EMPTY, SILENT, none, NOON));
    // A policy in the cache means that this is not the first contact.
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    enforces("a", StsStep.decide(memory, SILENT, none, NOON.plusSeconds(1)));
    enforces("a", StsStep.failed(memory, "refused", none, NOON.plusSeconds(1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> new FirstContactWait(Duration.ofMillis(-1), Duration.ZERO));
  }

  @Test
  void theWaitForALookUpIsTheOneThatIsSet() {
    FirstContactWait minute = new FirstContactWait(FirstContactWait.FETCH, Duration.ofMinutes(1));
    StsStep step = StsStep.decide(StsMemory.EMPTY, SILENT, minute, NOON);
    Instant end = NOON.plusSeconds(60);
    assertEquals(end, pending(step).until());
    pending(StsStep.decide(step.memory(), SILENT, minute, end.minusMillis(1)));
    absent(StsStep.decide(step.memory(), SILENT, minute, end));
  }

  @Test
  void aLookUpThatFailsWithNothingCachedHoldsForFourHours() {
    StsStep step = decide(StsMemory.EMPTY, SILENT, NOON);
    assertEquals(NOON.plus(FirstContactWait.LOOKUP), pending(step).until());
    StsMemory memory = step.memory();
    Instant end = NOON.plus(FirstContactWait.LOOKUP);
    assertEquals(end, pending(decide(memory, SILENT, end.minusSeconds(1))).until());
    assertTrue(absent(decide(memory, SILENT, end)).why().contains("SERVFAIL, since " + NOON));
    // Any answer ends it.
    assertTrue(decide(memory, GONE, end).memory().isEmpty());
    fetches("a", decide(memory, A, end));
    assertNull(decide(memory, A, end).memory().lookupSince());
  }

  @Test
  void anEnforcedPolicyThatRunsOutWhileItCannotBeRenewedIsHandedToTheLedger() {
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    Instant over = NOON.plus(WEEK);
    StsStep step = failed(memory, "refused", over);
    StsStep.LostPolicy lost = Objects.requireNonNull(step.lost());
    assertEquals(StsStep.PolicyEnd.REFRESH_FAILED, lost.why());
    assertEquals("a", lost.fetched().id());
    // This delivery still goes by the policy: the ledger was asked before it was notified.
    enforces("a", step);
    assertNull(step.memory().fetched());
    assertNull(decide(step.memory(), A, over).lost(), "told twice");
    // The look-up that fails does the same, and so does a record that is gone.
    assertEquals(
        StsStep.PolicyEnd.REFRESH_FAILED,
        Objects.requireNonNull(decide(memory, SILENT, over).lost()).why());
    assertEquals(
        StsStep.PolicyEnd.RECORD_GONE,
        Objects.requireNonNull(decide(memory, GONE, over).lost()).why());
    // A policy that was never in force is not remembered as one that was.
    for (String mode : List.of("testing", "none")) {
      StsMemory other = kept("a", mode, WEEK, NOON);
      assertNull(failed(other, "refused", over).lost());
      assertNull(decide(other, GONE, over).lost());
    }
  }

  @Test
  void f16MaxAgeZeroHoldsForAMinute() {
    StsMemory memory = kept("a", "enforce", Duration.ZERO, NOON);
    enforces("a", decide(memory, A, NOON.plusSeconds(59)));
    fetches("a", decide(memory, A, NOON.plusSeconds(60)));
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
    fetches("a", renew(memory, A, day));
    fetches("a", renew(memory, SILENT, day));
    fetches("b", renew(memory, B, day));
    // A domain that took its record away is not asked to stay.
    StsStep gone = renew(memory, GONE, day);
    enforces("a", gone);
    assertEquals(day.plus(StsStep.REFRESH), gone.memory().refresh());
    assertEquals(NOON, Objects.requireNonNull(gone.memory().fetched()).fetched());
  }

  @Test
  void recheckWithinFiveMinutesDoesNotFetch() {
    StsMemory memory = kept("a", "enforce", WEEK, NOON);
    enforces("a", renew(memory, A, NOON.plusSeconds(299)));
    fetches("a", renew(memory, A, NOON.plusSeconds(300)));
    // The clock was set back: that must not stop the look-ups.
    fetches("a", renew(memory, A, NOON.minusSeconds(7_200)));
  }

  @Test
  void policyInForceIsNeverDroppedAndHoldsAreBounded() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      StsMemory memory = StsMemory.EMPTY;
      Instant now = NOON;
      for (int i = 0; i < 200; i++) {
        now = now.plusSeconds(random.nextInt(3_000));
        StsMemory.FetchedPolicy live = memory.live(now);
        StsLookup lookup = List.of(A, B, GONE, SILENT).get(random.nextInt(4));
        StsStep step =
            random.nextInt(5) == 0 ? renew(memory, lookup, now) : decide(memory, lookup, now);
        if (step.next() instanceof StsStep.StsAction.FetchPolicy fetch) {
          step =
              random.nextInt(3) > 0
                  ? failed(step.memory(), "refused", now)
                  : StsStep.fetched(
                      fetch.id(), policy("enforce", Duration.ofHours(6)), now, random.nextDouble());
        }
        if (live != null) {
          // RFC 8461 §3.3, last paragraph but one: a cached policy that is valid applies.
          assertInstanceOf(Evidence.StsState.Enforce.class, state(step), "seed " + seed);
        }
        if (state(step) instanceof Evidence.StsState.Pending p) {
          assertFalse(
              p.until().isAfter(now.plus(FirstContactWait.LOOKUP)), "seed " + seed + ": " + p);
        }
        memory = step.memory();
      }
    }
  }
}

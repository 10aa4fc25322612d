package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.DeliverySlots.RunningRound;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.QueueId;

/** Turns, slots, places, pauses. */
final class SchedulerTest {
  private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final int SLOTS = 100;
  private static final int PER_HOP = 20;
  private static final FailureCause CONNECT = cause("connect", FailureCause.Extent.NEXT_HOP);
  private static final FailureCause CLOSED =
      cause("lost-connection", FailureCause.Extent.TRANSACTION);
  private static final FailureCause UNUSUAL = cause("service-closing", FailureCause.Extent.SENDER);
  private static final RoundResult ANSWERED = new RoundResult.Answered();
  private static final RoundResult DEAD = new RoundResult.NextHopUnreachable(CONNECT);

  private final Scheduler scheduler =
      new Scheduler(TestQueueSettings.bounds(SLOTS, PER_HOP, MINUTE, Duration.ofHours(1)));
  private long number;
  private Instant now = NOW;

  private static FailureCause cause(String reason, FailureCause.Extent extent) {
    return new FailureCause(reason, EnhancedStatus.of("4.4.1"), reason, null, null, extent);
  }

  private void pass(Duration time) {
    now = now.plus(time);
  }

  private DueBatch mail(String hop, String sender, BatchState state) {
    return new DueBatch(new BatchKey(QueueId.of(++number), 0), state, now, hop, sender);
  }

  private Admission arrives(String hop, String sender) {
    Admission place = scheduler.reserve(hop, sender, now);
    return place instanceof Admission.Admitted
        ? scheduler.offer(mail(hop, sender, BatchState.FRESH), now)
        : place;
  }

  private Admission fetched(String hop, String sender) {
    return scheduler.offer(mail(hop, sender, BatchState.QUEUED), now);
  }

  private boolean isTaken(Admission admission) {
    return admission instanceof Admission.Admitted;
  }

  private RunningRound next() {
    RunningRound round = scheduler.next(now);
    assertNotNull(round, "no round may begin");
    return round;
  }

  private ReturnedBatches ended(RunningRound round, RoundResult result) {
    return scheduler.ended(round, result, now, 0.5);
  }

  private List<RunningRound> all() {
    List<RunningRound> rounds = new ArrayList<>();
    for (@Nullable RunningRound r = scheduler.next(now); r != null; r = scheduler.next(now)) {
      rounds.add(r);
    }
    return rounds;
  }

  /** A next hop that greeted us before. */
  private void knows(String hop) {
    assertTrue(isTaken(arrives(hop, "first@x")));
    ended(next(), ANSWERED);
  }

  private static RoundResult closed(String... recipients) {
    return new RoundResult.FailedAfterMail(CLOSED, Set.of(recipients));
  }

  @Test
  void oneSendersFloodLeavesPlaceAndTurnsForOthers() {
    int taken = 0;
    for (int i = 0; i < 100_000; i++) {
      taken += isTaken(arrives("a", "flood@x")) ? 1 : 0;
    }
    assertEquals(Scheduler.READY_PER_SENDER, taken);
    assertTrue(isTaken(arrives("a", "single@y")));
    assertTrue(isTaken(arrives("b", "single@y")));
    RunningRound one = next();
    RunningRound other = next();
    assertEquals(Set.of("a", "b"), Set.of(one.batch().hop(), other.batch().hop()));
    ended(one.batch().hop().equals("a") ? one : other, ANSWERED);
    assertEquals("single@y", next().batch().sender());
  }

  @Test
  void nextHopsTakeTurnsHoweverMuchWaits() {
    for (String hop : List.of("a", "b", "c")) {
      knows(hop);
      for (int i = 0; i < 60; i++) {
        arrives(hop, "s@x");
      }
    }
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      RunningRound round = next();
      order.add(round.batch().hop());
      ended(round, ANSWERED);
    }
    for (int i = 6; i < 30; i += 3) {
      assertEquals(3, Set.copyOf(order.subList(i, i + 3)).size(), order.toString());
    }
  }

  private @Nullable RunningRound waitsFor(String hop, String sender) {
    return scheduler.beginCutThrough(mail(hop, sender, BatchState.FRESH), now);
  }

  @Test
  void waitingClientsHaveHalfOfTheSlotsOfANextHop() {
    RunningRound first = waitsFor("a", "s@x");
    assertNotNull(first);
    assertNull(waitsFor("a", "s@x"), "one round until it greets");
    scheduler.greeted(first, now);
    assertNotNull(waitsFor("a", "s@x"));
    assertNull(waitsFor("a", "s@x"), "half of five");
    for (int i = 0; i < 10; i++) {
      arrives("a", "s" + i + "@x");
    }
    assertEquals(Scheduler.FIRST_ROUNDS - 2, all().size(), "the others are for the queue");
    // A client that waits no longer does not count, and its round stays.
    first.joinsQueue();
    assertNull(waitsFor("a", "s@x"), "all five run");
    ended(first, ANSWERED);
    assertNotNull(waitsFor("a", "s@x"));
  }

  @Test
  void waitingClientsHaveHalfOfAllSlotsAndLeaveTheOthersToTheQueue() {
    for (int i = 0; i < SLOTS; i++) {
      knows("h" + i);
    }
    int waiting = 0;
    for (int i = 0; i < SLOTS; i++) {
      waiting += waitsFor("h" + i, "s@x") == null ? 0 : 1;
    }
    assertEquals(SLOTS / 2, waiting);
    for (int i = SLOTS / 2; i < SLOTS; i++) {
      arrives("h" + i, "s@y" + i);
    }
    assertEquals(SLOTS / 2, all().size());
  }

  @Test
  void aWaitingClientGoesPastTheLineButNotPastAPause() {
    knows("a");
    for (int i = 0; i < 10; i++) {
      arrives("a", "s" + i + "@x");
    }
    pass(Duration.ofSeconds(1));
    RunningRound round = waitsFor("a", "s@x");
    assertNotNull(round);
    ended(round, new RoundResult.NextHopUnreachable(CLOSED));
    assertNull(waitsFor("a", "s@x"));
    pass(Duration.ofDays(1));
    assertNull(waitsFor("a", "s@x"), "a probe is due first");
  }

  @Test
  void aWaitingClientLeavesNoTraceOfANextHopThatHasNoSlot() {
    List<RunningRound> rounds = new ArrayList<>();
    for (int i = 0; i < SLOTS; i++) {
      RunningRound round = waitsFor("h" + i, "s@x");
      if (round != null) {
        rounds.add(round);
      }
    }
    assertEquals(rounds.size(), scheduler.hops());
    rounds.forEach(r -> ended(r, new RoundResult.NothingLearned()));
    assertEquals(0, scheduler.hops());
    assertEquals(0, scheduler.running());
  }

  @Test
  void aNextHopHasOneRoundUntilItGreetsThenFiveThenMoreToItsLimit() {
    for (int i = 0; i < 90; i++) {
      arrives("a", "s" + i + "@x");
    }
    RunningRound first = next();
    assertNull(scheduler.next(now));
    scheduler.greeted(first, now);
    List<RunningRound> running = all();
    running.add(first);
    assertEquals(Scheduler.FIRST_ROUNDS, running.size());
    for (int i = 0; i < 40; i++) {
      ended(running.removeFirst(), ANSWERED);
      running.addAll(all());
    }
    assertEquals(PER_HOP, running.size());
  }

  @Test
  void silentNextHopsStayWithinTheirSlotsAndIdleNextHopsStartAtOnce() {
    for (int i = 0; i < 200; i++) {
      arrives("silent" + i, "s@x");
    }
    pass(Scheduler.NEW);
    assertEquals(SlotClass.UNANSWERED.most(SLOTS), all().size());
    arrives("idle", "s@x");
    assertEquals("idle", next().batch().hop());
    assertNull(scheduler.next(now));
  }

  @Test
  void theNewestMailToAnIdleNextHopComesBeforeABacklogOfThem() {
    for (int i = 0; i < 200; i++) {
      arrives("silent" + i, "s@x");
    }
    arrives("idle", "s@x");
    List<String> first = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      first.add(next().batch().hop());
    }
    assertTrue(first.contains("idle"), first.toString());
  }

  @Test
  void nullSenderMailStaysWithinItsSlots() {
    for (int i = 0; i < 50; i++) {
      knows("slow" + i);
    }
    for (int i = 0; i < 50; i++) {
      for (int n = 0; n < 5; n++) {
        arrives("silent" + i, "");
      }
    }
    assertEquals(SlotClass.NULL_SENDER_UNANSWERED.most(SLOTS), all().size());
    for (int i = 0; i < 50; i++) {
      for (int n = 0; n < 5; n++) {
        arrives("slow" + i, "");
      }
    }
    assertEquals(
        SlotClass.NULL_SENDER.most(SLOTS) - SlotClass.NULL_SENDER_UNANSWERED.most(SLOTS),
        all().size());
    arrives("slow1", "s@x");
    arrives("idle", "s@x");
    assertEquals(2, all().size());
  }

  @Test
  void slowNextHopsStayWithinTheirSlots() {
    for (int i = 0; i < 100; i++) {
      arrives("slow" + i, "s@x");
      RunningRound round = next();
      scheduler.greeted(round, now);
      pass(Scheduler.SLOW);
      ended(round, ANSWERED);
    }
    for (int i = 0; i < 100; i++) {
      fetched("slow" + i, "s@x");
    }
    assertEquals(SlotClass.SLOW.most(SLOTS), all().size());
    knows("quick");
    for (int i = 0; i < 30; i++) {
      fetched("quick", "s@x");
    }
    assertEquals(Scheduler.FIRST_ROUNDS + 1, all().size());
  }

  @Test
  void nextHopsThatGreetAndStallFillTheSlotsOfSlowHopsOnly() {
    for (int i = 0; i < 300; i++) {
      arrives("tarpit" + i, "s@x");
    }
    pass(Scheduler.NEW);
    int running = 0;
    for (int second = 0; second < 100; second++) {
      List<RunningRound> begun = all();
      begun.forEach(r -> scheduler.greeted(r, now));
      running += begun.size();
      pass(Duration.ofSeconds(1));
    }
    assertTrue(running < SLOTS - SLOTS / Scheduler.KEPT, running + " slots");
    arrives("idle", "s@x");
    assertEquals("idle", next().batch().hop());
  }

  @Test
  void mailForNextHopsThatNeverAnsweredIsNotStarvedBySlowOnes() {
    for (int i = 0; i < 100; i++) {
      arrives("slow" + i, "s@x");
      RunningRound round = next();
      pass(Scheduler.SLOW);
      ended(round, ANSWERED);
    }
    List<RunningRound> running = new ArrayList<>();
    Set<String> tried = new HashSet<>();
    for (int second = 0; second < 100; second++) {
      for (int i = 0; i < 100; i++) {
        fetched("slow" + i, "s@x");
      }
      fetched("never" + second, "s@x");
      List<RunningRound> begun = all();
      begun.forEach(r -> tried.add(r.batch().hop()));
      running.addAll(begun);
      pass(Duration.ofSeconds(1));
      if (second > 8) {
        List<RunningRound> over = List.copyOf(running.subList(0, running.size() / 4));
        over.forEach(r -> ended(r, ANSWERED));
        running.removeAll(over);
      }
    }
    long neverTried = 100 - tried.stream().filter(hop -> hop.startsWith("never")).count();
    assertTrue(neverTried < 30, neverTried + " next hops were not tried");
  }

  @Test
  void oneSendersDomainTakesHalfOfTheSlotsThatAreKeptForNewMail() {
    for (int i = 0; i < 200; i++) {
      arrives("hop" + i, "s" + i + "@bulk");
    }
    int kept = SLOTS / Scheduler.KEPT;
    assertEquals(2 * SlotClass.UNANSWERED.most(SLOTS) + kept / 2, all().size());
    for (int i = 0; i < 5; i++) {
      arrives("friend" + i, "s@friend");
    }
    assertEquals(5, all().size());
  }

  @Test
  void slotsAreCountedByMxAddress() throws UnknownHostException {
    InetAddress at = InetAddress.getByName("192.0.2.1");
    InetAddress other = InetAddress.getByName("192.0.2.2");
    List<RunningRound> running = new ArrayList<>();
    for (int i = 0; i <= PER_HOP; i++) {
      knows("hop" + i);
      arrives("hop" + i, "s@x");
      running.add(next());
    }
    for (int i = 0; i < PER_HOP; i++) {
      assertEquals(List.of(at, other), scheduler.free(running.get(i), List.of(at, other)));
    }
    RunningRound late = running.getLast();
    assertEquals(List.of(other), scheduler.free(late, List.of(at, other)));
    assertEquals(List.of(), scheduler.free(late, List.of(at)));
    ended(late, new RoundResult.Busy());
    assertNull(scheduler.next(now), "it waits for the address");
    scheduler.connected(running.getFirst(), other);
    RunningRound again = next();
    assertSame(late.batch(), again.batch());
    assertEquals(List.of(at), scheduler.free(again, List.of(at)));
  }

  @Test
  void ungreetedHostGetsShortTimeoutsWhileSlotsAreScarce() {
    knows("known");
    arrives("first", "s@x");
    assertNull(next().patience());
    for (int i = 0; i < 20; i++) {
      arrives("silent" + i, "s@x");
    }
    all();
    arrives("late", "s@x");
    Duration expected = Scheduler.SHORT_PATIENCE;
    for (int i = 0; i < 4; i++) {
      RunningRound round = next();
      assertEquals(expected, round.patience());
      ended(round, DEAD);
      pass(Duration.ofHours(2));
      fetched("late", "s@x");
      scheduler.probes().forEach(scheduler::noProbe);
      fetched("late", "s@x");
      expected = expected.multipliedBy(2);
    }
    arrives("known", "s@x");
    assertTrue(
        all().stream().anyMatch(r -> r.batch().hop().equals("known") && r.patience() == null));
  }

  @Test
  void windowKeepsPlacesForNewMail() {
    int tried = 0;
    for (int i = 0; i < 10_000; i++) {
      DueBatch ready = mail("hop" + i % 1000, "s@x", BatchState.DEFERRED);
      tried += isTaken(scheduler.offer(ready, now)) ? 1 : 0;
    }
    assertEquals(Scheduler.WINDOW / 2, tried);
    int stored = 0;
    for (int i = 0; i < 20_000; i++) {
      stored += isTaken(fetched("other" + i, "s@x")) ? 1 : 0;
    }
    assertEquals(Scheduler.WINDOW / 8 * 7 - Scheduler.WINDOW / 2, stored);
    assertTrue(scheduler.isFull());
    for (int i = 0; i < 2 * Scheduler.WINDOW; i++) {
      assertTrue(isTaken(arrives("new" + i, "s@x")), "number " + i);
      assertTrue(scheduler.ready() <= Scheduler.WINDOW);
    }
  }

  @Test
  void pausedNextHopIsProbedByOneMessage() {
    arrives("a", "s@x");
    arrives("a", "s@x");
    ReturnedBatches returned = ended(next(), DEAD);
    assertEquals(1, returned.batches().size());
    assertEquals(1, scheduler.paused());
    pass(Duration.ofSeconds(1));
    Admission.Paused pause = assertInstanceOf(Admission.Paused.class, arrives("a", "s@x"));
    assertEquals(NOW.plus(MINUTE), pause.until());
    now = pause.until();
    scheduler.noProbe(new Scheduler.HopProbe("a", new BatchKey(QueueId.of(1), 0)));
    assertTrue(isTaken(fetched("a", "s@x")));
    assertFalse(isTaken(fetched("a", "s@x")));
    RunningRound probe = next();
    assertFalse(isTaken(fetched("a", "s@x")));
    ended(probe, DEAD);
    pause = assertInstanceOf(Admission.Paused.class, fetched("a", "s@x"));
    assertEquals(now.plus(MINUTE.multipliedBy(2)), pause.until());
    now = pause.until();
    scheduler.noProbe(new Scheduler.HopProbe("a", probe.batch().key()));
    assertTrue(isTaken(fetched("a", "s@x")));
    ended(next(), ANSWERED);
    assertEquals(0, scheduler.paused());
    assertTrue(isTaken(fetched("a", "s@x")));
    assertEquals(List.of("a"), scheduler.hopsToRefill(9));
  }

  @Test
  void theProbeIsTheOldestMessageThatIsKnownToWait() {
    arrives("a", "s@x");
    RunningRound first = next();
    ended(first, DEAD);
    pass(MINUTE);
    Admission admission = fetched("a", "young@x");
    assertInstanceOf(Admission.Paused.class, admission);
    List<Scheduler.HopProbe> probes = scheduler.probes();
    assertEquals(List.of(new Scheduler.HopProbe("a", first.batch().key())), probes);
    assertEquals(List.of(), scheduler.probes(), "each is told once");
    DueBatch oldest = new DueBatch(first.batch().key(), BatchState.DEFERRED, now, "a", "s@x");
    assertTrue(scheduler.offerProbe(oldest, now));
    assertFalse(scheduler.offerProbe(oldest, now), "one probe at a time");
    assertSame(oldest, next().batch());
  }

  @Test
  void pauseEndsAtTheKnownEndOfTheFailure() {
    arrives("a", "s@x");
    ended(next(), new RoundResult.NextHopUnreachable(CONNECT.until(now.plusSeconds(20))));
    assertTrue(scheduler.isPaused("a", now.plusSeconds(19)));
    assertFalse(scheduler.isPaused("a", now.plusSeconds(20)));
  }

  @Test
  void oneFailureAmongSuccessesPausesNothing() {
    knows("a");
    arrives("a", "s@x");
    arrives("a", "s@x");
    RunningRound one = next();
    RunningRound other = next();
    pass(Duration.ofSeconds(1));
    ended(one, ANSWERED);
    ended(other, DEAD);
    assertEquals(0, scheduler.paused());
  }

  @Test
  void oneMessageThatFailsAfterMailStopsNoOtherMail() {
    knows("a");
    for (int i = 0; i < 20; i++) {
      arrives("a", "poison@evil");
      assertEquals(ReturnedBatches.NONE, ended(next(), closed("alias@a")));
      arrives("a", "good" + i + "@x");
      RunningRound good = next();
      assertEquals("good" + i + "@x", good.batch().sender());
      assertEquals(0, scheduler.paused());
      if (i % 2 == 0) {
        ended(good, ANSWERED);
      }
    }
  }

  @Test
  void failureAfterMailPausesOnceAnUnrelatedMessageFailsToo() {
    knows("a");
    pass(Duration.ofSeconds(1));
    arrives("a", "one@x");
    RunningRound one = next();
    ended(one, closed("r1@a"));
    for (String[] related : new String[][] {{"two@x", "r2@a"}, {"one@y", "r1@a"}}) {
      arrives("a", related[0]);
      ended(next(), closed(related[1]));
      assertEquals(0, scheduler.paused(), "the same domain or the same recipient");
    }
    arrives("a", "two@y");
    arrives("a", "three@y");
    assertEquals(1, ended(next(), closed("r2@a")).batches().size());
    assertEquals(1, scheduler.paused());
    assertFalse(isTaken(arrives("a", "four@z")));
  }

  @Test
  void mailThatGotThroughBetweenTwoFailuresClearsTheNextHop() {
    knows("a");
    arrives("a", "one@x");
    ended(next(), closed("r1@a"));
    arrives("a", "good@z");
    pass(Duration.ofSeconds(1));
    ended(next(), ANSWERED);
    arrives("a", "two@y");
    pass(Duration.ofSeconds(1));
    ended(next(), closed("r2@a"));
    assertEquals(0, scheduler.paused());
  }

  @Test
  void aProbeThatFailsForItsOwnSakeDoesNotKeepTheOthersWaiting() {
    arrives("a", "poison@evil");
    ended(next(), DEAD);
    pass(MINUTE);
    assertTrue(scheduler.offerProbe(mail("a", "poison@evil", BatchState.QUEUED), now));
    ended(next(), closed("alias@a"));
    assertEquals(0, scheduler.paused());
    assertTrue(isTaken(fetched("a", "good@x")));
  }

  @Test
  void aSlowedSenderDomainPausesThePairOnly() {
    knows("a");
    knows("b");
    arrives("a", "one@bulk");
    arrives("a", "two@bulk");
    arrives("a", "good@x");
    RunningRound round = next();
    assertEquals("one@bulk", round.batch().sender());
    ReturnedBatches returned = ended(round, new RoundResult.SenderSlowed(UNUSUAL));
    assertEquals(1, returned.batches().size());
    assertEquals("two@bulk", returned.batches().getFirst().sender());
    assertEquals(0, scheduler.paused());
    Admission.Paused pause = assertInstanceOf(Admission.Paused.class, arrives("a", "three@bulk"));
    assertEquals(now.plus(MINUTE), pause.until());
    assertTrue(isTaken(arrives("b", "one@bulk")));
    assertEquals(2, all().size());
    now = pause.until();
    arrives("a", "four@bulk");
    ended(next(), new RoundResult.SenderSlowed(UNUSUAL));
    pause = assertInstanceOf(Admission.Paused.class, arrives("a", "three@bulk"));
    assertEquals(now.plus(MINUTE.multipliedBy(2)), pause.until());
    now = pause.until();
    arrives("a", "five@bulk");
    ended(next(), ANSWERED);
    assertTrue(isTaken(arrives("a", "six@bulk")));
  }

  @Test
  void failedLookupNeitherPausesNorEndsAPause() {
    arrives("a", "s@x");
    ended(next(), new RoundResult.NothingLearned());
    assertEquals(0, scheduler.paused());
    assertEquals(0, scheduler.hops());
    arrives("a", "s@x");
    arrives("a", "s@x");
    assertEquals(1, all().size());
  }

  @Test
  void whatIsRememberedIsBounded() {
    for (int i = 0; i <= Scheduler.MOST_PAUSED; i++) {
      arrives("dead" + i, "s@x");
      ended(next(), DEAD);
    }
    assertEquals(Scheduler.MOST_PAUSED, scheduler.paused());
    for (int i = 0; i < 2 * Scheduler.MOST_HOPS; i++) {
      knows("good" + i);
      scheduler.moreInStore("more" + i);
    }
    assertTrue(scheduler.hops() <= Scheduler.MOST_HOPS + 1, "hops " + scheduler.hops());
    pass(Duration.ofHours(3));
    scheduler.sweep(now);
    assertEquals(0, scheduler.paused());
  }

  @Test
  void withdrawsWaitingBatches() {
    DueBatch ready = mail("a", "s@x", BatchState.QUEUED);
    scheduler.offer(ready, now);
    assertTrue(scheduler.withdraw(ready.key(), "a", "s@x"));
    assertFalse(scheduler.withdraw(ready.key(), "a", "s@x"));
    assertNull(scheduler.next(now));
    assertEquals(0, scheduler.ready() + scheduler.hops());
    assertEquals(List.of(), scheduler.hopsToRefill(9));
  }
}

package org.sealwax.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.sealwax.address.Domain;
import org.sealwax.smtp.EnhancedStatus;
import org.sealwax.spool.QueueId;
import org.sealwax.spool.ShareKey;

/** Turns, bounds and dead sites. */
final class TrafficTest {
  private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");
  private static final QueueSettings SETTINGS = QueueSettings.defaults(Domain.of("router.example"));
  private static final Cause CONNECT =
      new Cause(
          "connect", EnhancedStatus.of(4, 4, 1), "no answer", null, null, Cause.Extent.NEXT_HOP);

  private final Traffic traffic = new Traffic();
  private long number;

  private Traffic.Offer offer(String hop, String sender, Instant now) {
    ShareKey key = new ShareKey(QueueId.of(++number), 0);
    return traffic.offer(new Traffic.Ready(key, hop, sender, null), now);
  }

  private void ended(String hop, Instant began, boolean dead, Instant now) {
    traffic.ended(
        hop,
        began,
        dead ? Traffic.Spoke.DEAD : Traffic.Spoke.ANSWERED,
        dead ? CONNECT : null,
        SETTINGS,
        now,
        0.5);
  }

  @Test
  void oneSendersFloodLeavesPlaceAndTurnsForOthers() {
    int taken = 0;
    for (int i = 0; i < 100_000; i++) {
      taken += offer("a", "flood", NOW) instanceof Traffic.Offer.Taken ? 1 : 0;
    }
    assertEquals(Traffic.READY_PER_SENDER, taken);
    assertInstanceOf(Traffic.Offer.Taken.class, offer("a", "single", NOW));
    assertInstanceOf(Traffic.Offer.Taken.class, offer("b", "single", NOW));
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Traffic.Ready next = traffic.next();
      assertNotNull(next);
      order.add(next.hop + "/" + next.sender);
    }
    assertTrue(order.indexOf("a/single") <= 2, order.toString());
    assertTrue(order.indexOf("b/single") <= 1, order.toString());
  }

  @Test
  void roundsTowardOneNextHopRiseStepByStepToTheLimit() {
    for (int i = 0; i < 90; i++) {
      offer("a", "s" + i, NOW);
    }
    int running = 0;
    while (traffic.next() != null) {
      running++;
    }
    assertEquals(5, running);
    for (int i = 0; i < 40; i++) {
      ended("a", NOW, false, NOW);
      running--;
      while (traffic.next() != null) {
        running++;
      }
    }
    assertEquals(SETTINGS.deliveriesPerHop(), running);
  }

  @Test
  void aDeadSiteIsLeftAloneAndThenProbedByOne() {
    offer("a", "s", NOW);
    offer("a", "s", NOW);
    assertNotNull(traffic.next());
    List<Traffic.Ready> back =
        traffic.ended("a", NOW, Traffic.Spoke.DEAD, CONNECT, SETTINGS, NOW, 0.5);
    assertEquals(1, back.size());
    assertEquals(1, traffic.dead());
    Traffic.Offer.Shut shut =
        assertInstanceOf(Traffic.Offer.Shut.class, offer("a", "s", NOW.plusSeconds(1)));
    assertEquals(NOW.plus(SETTINGS.deadSiteFirst()), shut.until());
    Instant later = shut.until().plusSeconds(1);
    assertInstanceOf(Traffic.Offer.Taken.class, offer("a", "s", later));
    assertInstanceOf(Traffic.Offer.Shut.class, offer("a", "s", later));
    assertNotNull(traffic.next());
    assertInstanceOf(Traffic.Offer.Shut.class, offer("a", "s", later));
    ended("a", later, true, later);
    shut = assertInstanceOf(Traffic.Offer.Shut.class, offer("a", "s", later));
    assertEquals(later.plus(SETTINGS.deadSiteFirst().multipliedBy(2)), shut.until());
    Instant last = shut.until().plusSeconds(1);
    assertInstanceOf(Traffic.Offer.Taken.class, offer("a", "s", last));
    assertNotNull(traffic.next());
    ended("a", last, false, last);
    assertEquals(0, traffic.dead());
    assertInstanceOf(Traffic.Offer.Taken.class, offer("a", "s", last));
    assertEquals(List.of("a"), traffic.hungry(9));
  }

  @Test
  void oneFailureAmongSuccessesDoesNotCloseASite() {
    for (int i = 0; i < 3; i++) {
      offer("a", "s", NOW);
    }
    assertNotNull(traffic.next());
    assertNotNull(traffic.next());
    ended("a", NOW, false, NOW.plusSeconds(2));
    ended("a", NOW.plusSeconds(1), true, NOW.plusSeconds(3));
    assertEquals(0, traffic.dead());
    assertNotNull(traffic.next());
  }

  @Test
  void forgetsIdleNextHopsAndBoundsDeadOnes() {
    for (int i = 0; i <= Traffic.MOST_DEAD; i++) {
      offer("h" + i, "s", NOW);
      assertNotNull(traffic.next());
      ended("h" + i, NOW, true, NOW);
    }
    assertEquals(Traffic.MOST_DEAD, traffic.dead());
    assertEquals(Traffic.MOST_DEAD, traffic.hops());
    traffic.forgetOld(NOW.plus(Duration.ofHours(3)));
    assertEquals(0, traffic.hops());
    offer("x", "s", NOW);
    assertNotNull(traffic.next());
    ended("x", NOW, false, NOW);
    assertEquals(0, traffic.hops());
    assertNull(traffic.next());
  }

  @Test
  void withdrawsFromTheLine() {
    ShareKey key = new ShareKey(QueueId.of(7), 0);
    traffic.offer(new Traffic.Ready(key, "a", "s", null), NOW);
    assertTrue(traffic.withdraw(key, "a", "s"));
    assertNull(traffic.next());
    assertEquals(0, traffic.ready() + traffic.hops());
    Set<String> none = new TreeSet<>(traffic.hungry(9));
    assertTrue(none.isEmpty());
  }
}

package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.SteppedClock;
import org.sealwax.router.log.HeardLog;
import org.sealwax.router.spool.DueShare;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.ShareKey;
import org.sealwax.router.spool.ShareState;
import org.sealwax.router.spool.Spool;

/** What the queue needs soon is looked up once, shortly before, and by few at a time. */
@Timeout(60)
final class LookAheadTest {
  private static final Instant NOON = Instant.parse("2026-11-26T12:00:00Z");

  private final SteppedClock clock = new SteppedClock(NOON);
  private final HeardLog heard = new HeardLog();
  private final List<DueShare> waiting = new ArrayList<>();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private String dead = "";
  private final LookAhead ahead = ahead(hop -> asked.add(hop.domain().name()));

  private LookAhead ahead(LookAhead.Asker asker) {
    return new LookAhead(spool(), asker, (hop, then) -> hop.equals(dead), clock, heard.log());
  }

  /** A store that has only these shares, the longest due first. */
  private Spool spool() {
    return (Spool)
        Proxy.newProxyInstance(
            Spool.class.getClassLoader(),
            new Class<?>[] {Spool.class},
            (proxy, method, values) -> {
              assertEquals("due", method.getName());
              return waiting.stream()
                  .filter(share -> !share.due().isAfter((Instant) values[0]))
                  .sorted(Comparator.comparing(DueShare::due))
                  .limit((int) values[1])
                  .toList();
            });
  }

  private void waits(String hop, Duration left) {
    waiting.add(
        new DueShare(
            new ShareKey(QueueId.of(waiting.size() + 1L), 1),
            ShareState.QUEUED,
            clock.now().plus(left),
            hop,
            "sender@example.org"));
  }

  @Test
  void asksShortlyBeforeTheTimeAndOnce() throws Exception {
    waits("example.com", LookAhead.BEFORE.plusMillis(1));
    assertEquals(0, ahead.look());
    clock.pass(Duration.ofMillis(1));
    assertEquals(1, ahead.look());
    assertEquals(0, ahead.look());
    clock.pass(LookAhead.BEFORE);
    assertEquals(0, ahead.look(), "its time has come: the round itself asks");
    assertEquals(List.of("example.com"), asked);
    waiting.clear();
    waits("example.com", LookAhead.BEFORE);
    assertEquals(1, ahead.look(), "the next retry is another time");
  }

  @Test
  void asksOnceForAllMailOfANextHop() throws Exception {
    for (int i = 1; i <= 50; i++) {
      waits("example.com", Duration.ofMillis(100L * i));
      waits("example.net", Duration.ofMillis(100L * i));
    }
    assertEquals(2, ahead.look());
    clock.pass(Duration.ofSeconds(4));
    assertEquals(0, ahead.look());
    assertEquals(2, asked.size());
  }

  @Test
  void asksNothingForConfiguredHostsCommandsAndDeadSites() throws Exception {
    dead = "dead.example";
    waits("dead.example", Duration.ofSeconds(5));
    waits(
        new NextHop.Fixed(Domain.of("smarthost.example"), 25, "out").key(), Duration.ofSeconds(5));
    waits(new NextHop.Pipe("archive").key(), Duration.ofSeconds(5));
    waits(new NextHop.Nobody().key(), Duration.ofSeconds(5));
    waits(new NextHop.Reports().key(), Duration.ofSeconds(5));
    waits("Not A Domain", Duration.ofSeconds(5));
    assertEquals(0, ahead.look());
    assertTrue(asked.isEmpty());
  }

  @Test
  void neverAsksForMoreThanItsBounds() throws Exception {
    for (int i = 0; i <= LookAhead.HOPS; i++) {
      waits("d" + i + ".example", Duration.ofSeconds(5));
    }
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    LookAhead counting =
        ahead(
            hop -> {
              most.accumulateAndGet(running.incrementAndGet(), Math::max);
              Thread.yield();
              running.decrementAndGet();
            });
    assertEquals(LookAhead.HOPS, counting.look());
    assertTrue(most.get() <= LookAhead.AT_ONCE, most + " at once");
    assertEquals(1, counting.look(), "the last one has its turn in the next look");
  }

  @Test
  void asksNothingWhenTheQueueIsBehind() throws Exception {
    for (int i = 0; i < LookAhead.ROWS - 1; i++) {
      waits("late.example", Duration.ofMinutes(-1));
    }
    waits("example.com", Duration.ofSeconds(5));
    assertEquals(0, ahead.look());
    waiting.removeFirst();
    assertEquals(1, ahead.look());
    assertEquals(List.of("example.com"), asked);
  }

  @Test
  void aBugInOneLookUpStopsNeitherTheOthersNorTheLooks() throws Exception {
    waits("a.example", Duration.ofSeconds(5));
    waits("b.example", Duration.ofSeconds(5));
    LookAhead broken =
        ahead(
            hop -> {
              asked.add(hop.domain().name());
              throw new IllegalStateException("a bug");
            });
    assertEquals(2, broken.look());
    assertEquals(2, asked.size());
    assertEquals(2, heard.facts().stream().filter(f -> f.startsWith("bug")).count());
  }

  @Test
  void nothingIsBegunOnceItIsClosed() throws Exception {
    waits("example.com", Duration.ofSeconds(5));
    ahead.close();
    ahead.look();
    assertTrue(asked.isEmpty());
  }
}

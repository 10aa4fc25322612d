package org.sealwax.router.dnsbl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Threads;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;

/** Look-ups in lists have a share, a time limit, and are made once for each session. */
@Timeout(120)
final class DnsListClientTest {
  private static final DnsList DEAD = list("dead.example");
  private static final DnsList ALIVE = list("alive.example");
  private static final FixedResolver ZONES =
      FixedResolver.builder()
          .a("1.2.0.192.alive.example", "127.0.0.2")
          .txt("1.2.0.192.alive.example", "because")
          .build();
  private static final ListVerdict REFUSED = new ListVerdict.Refuse(ALIVE.zone(), "because");

  private final ManualClock clock = new ManualClock(Instant.EPOCH);
  private final RecordingMailLog log = new RecordingMailLog();
  private final CountDownLatch revived = new CountDownLatch(1);
  private final Semaphore deadQuestions = new Semaphore(0);
  private final AtomicInteger questions = new AtomicInteger();

  /** Does not answer below dead.example until {@link #revived}, and then with a failure. */
  private final Resolver resolver =
      (Resolver)
          Proxy.newProxyInstance(
              Resolver.class.getClassLoader(),
              new Class<?>[] {Resolver.class},
              (proxy, method, args) -> {
                Domain name = (Domain) args[0];
                questions.incrementAndGet();
                if (name.isBelow(DEAD.zone())) {
                  deadQuestions.release();
                  revived.await();
                  return DnsAnswer.unknown(DnssecStatus.FAILED, name, 0, Duration.ZERO, "SERVFAIL");
                }
                return method.getName().equals("txt")
                    ? ZONES.txt(name)
                    : ZONES.addresses(name, Resolver.AddressFamily.IPV4);
              });

  private static DnsList list(String zone) {
    return new DnsList(
        Domain.of(zone), List.of(ReturnCodes.parse("127.0.0.2")), DnsList.Action.REFUSE);
  }

  private static InetSocketAddress client(int number) {
    return new InetSocketAddress(InetAddress.ofLiteral("192.0.2." + number), 4711);
  }

  private DnsListClient lists(int atOnce) {
    return new DnsListClient(resolver, atOnce, clock, log.log());
  }

  @Test
  void aSessionAsksOnce() {
    ClientListing listing = new ClientListing(lists(4), List.of(ALIVE), client(1), "s1");
    assertEquals(0, questions.get(), "nothing is asked before it is needed");
    assertEquals(REFUSED, listing.verdict());
    assertEquals(2, questions.get());
    assertEquals(REFUSED, listing.verdict());
    assertEquals(2, questions.get());
    assertTrue(log.recorded("listed", "s1", "alive.example", "127.0.0.2", "refuse"));
  }

  @Test
  void aListThatIsNotInTimeIsIgnored() {
    DnsListClient lists =
        new DnsListClient(resolver, 8, Duration.ofMillis(50), Clock.system(), log.log());
    assertEquals(REFUSED, lists.ask(List.of(DEAD, ALIVE), client(1), "s1"));
    assertEquals(new ListVerdict.Pass(), lists.ask(List.of(DEAD), client(1), "s1"));
    assertTrue(log.recorded("listFailed", "dead.example", "no answer in time"));
    revived.countDown();
  }

  @Test
  void aDeadListDoesNotTakeTheSlotsOfOthers() throws Exception {
    DnsListClient lists = lists(4);
    for (int i = 0; i < 5; i++) {
      int number = i + 2;
      Threads.start("session", () -> lists.ask(List.of(DEAD, ALIVE), client(number), "s"));
    }
    deadQuestions.acquire(2);
    assertEquals(REFUSED, lists.ask(List.of(ALIVE), client(1), "s1"));
    assertEquals(0, deadQuestions.availablePermits(), "two slots of four are of the dead list");
    revived.countDown();
  }

  @Test
  void aListThatOnlyFailsIsNotAskedForAWhile() {
    DnsListClient lists = lists(4);
    revived.countDown();
    for (int i = 1; i <= DnsListClient.MAX_FAILURES + 5; i++) {
      assertEquals(new ListVerdict.Pass(), lists.ask(List.of(DEAD), client(i), "s"));
    }
    assertEquals(DnsListClient.MAX_FAILURES, questions.get());
    assertTrue(log.recorded("listFailed", "not asked after many failures"));
    clock.pass(DnsListClient.PAUSE);
    assertEquals(new ListVerdict.Pass(), lists.ask(List.of(DEAD), client(99), "s"));
    assertEquals(DnsListClient.MAX_FAILURES + 1, questions.get());
  }
}

package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
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
import org.sealwax.router.receive.ClientNames.ClientName;

/** Look-ups of client names have a share, end with the session, and are not repeated needlessly. */
@Timeout(120)
final class ClientNamesTest {
  private static final Duration WAIT = Duration.ofSeconds(15);
  private static final Domain NAME = Domain.of("mail.example.org");

  private final StoppedClock clock = new StoppedClock();
  private final AtomicInteger reverse = new AtomicInteger();
  private final AtomicInteger forward = new AtomicInteger();
  private final Semaphore lookups = new Semaphore(0);
  private final CountDownLatch answer = new CountDownLatch(1);
  private volatile boolean works = true;

  private final Resolver resolver =
      (Resolver)
          Proxy.newProxyInstance(
              Resolver.class.getClassLoader(),
              new Class<?>[] {Resolver.class},
              (proxy, method, args) -> {
                switch (method.getName()) {
                  case "reverse" -> {
                    reverse.incrementAndGet();
                    lookups.release();
                    answer.await();
                  }
                  case "addresses" -> forward.incrementAndGet();
                  default -> throw new AssertionError(method);
                }
                if (!works) {
                  return DnsAnswer.unknown(
                      DnssecStatus.FAILED, NAME, 0, Duration.ZERO, "no answer");
                }
                return method.getName().equals("reverse")
                    ? answer(List.of(NAME))
                    : answer(List.of(client(1)));
              });

  private static DnsAnswer<?> answer(List<?> records) {
    return new DnsAnswer<>(
        records, DnsAnswer.Kind.FOUND, DnssecStatus.INSECURE, NAME, 0, Duration.ofHours(1), "");
  }

  private static InetAddress client(int number) {
    return InetAddress.ofLiteral("192.0.2." + number);
  }

  @Test
  void concurrentLookupsAreLimited() throws Exception {
    ClientNames names = new ClientNames(resolver, 3, clock);
    List<ClientName> all = new ArrayList<>();
    for (int i = 1; i <= 10; i++) {
      all.add(names.start(client(i), WAIT));
    }
    lookups.acquire(3);
    assertEquals(3, reverse.get());
    answer.countDown();
    assertEquals(ClientName.State.KNOWN, all.getFirst().await());
    for (ClientName one : all) {
      var _ = one.await();
    }
    assertEquals(10, reverse.get());
  }

  @Test
  void endedSessionStartsNoLookup() throws Exception {
    ClientNames names = new ClientNames(resolver, 1, clock);
    ClientName first = names.start(client(1), WAIT);
    lookups.acquire();
    ClientName waits = names.start(client(2), WAIT);
    first.end();
    waits.end();
    answer.countDown();
    assertEquals(ClientName.State.OPEN, first.await());
    assertEquals(ClientName.State.OPEN, waits.await());
    assertEquals(1, reverse.get());
    assertEquals(0, forward.get());
  }

  @Test
  void aFailureIsNotRepeatedForAWhile() {
    ClientNames names = new ClientNames(resolver, 2, clock);
    answer.countDown();
    works = false;
    assertEquals(ClientName.State.OPEN, names.start(client(1), WAIT).await());
    assertEquals(1, reverse.get());
    works = true;
    assertEquals(ClientName.State.OPEN, names.start(client(1), WAIT).await());
    assertEquals(1, reverse.get());
    assertTrue(names.start(client(2), WAIT).await() != ClientName.State.OPEN, "another client");
    clock.pass(ClientNames.FAILED);
    assertEquals(ClientName.State.KNOWN, names.start(client(1), WAIT).await());
  }
}

package org.sealwax.router.receive;

import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;

/**
 * Looks up the names of clients, of all sessions together. Clients choose the name servers that we
 * wait for, and come without mail as often as they like; so their look-ups have a small share of
 * the resolver's, which deliveries need, and one that failed is not tried again for a while.
 * Thread-safe.
 */
public final class ClientNames {
  /** Clients have this part of the questions that the resolver asks at once. */
  public static final int SHARE = 16;

  /** Time for which a client's name is not looked up again after a failure. */
  static final Duration FAILED = Duration.ofMinutes(5);

  /** Failures remembered: at some 150 bytes each, 1.5 MB. */
  static final int MOST_FAILED = 10_000;

  private final Resolver resolver;
  private final Clock clock;
  private final Semaphore slots;
  private final LinkedHashMap<InetAddress, Long> failed =
      new LinkedHashMap<>(16, 0.75f, false) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<InetAddress, Long> eldest) {
          return size() > MOST_FAILED;
        }
      };

  /**
   * Names from this resolver.
   *
   * @param atOnce clients that are looked up at a time
   */
  public ClientNames(Resolver resolver, int atOnce, Clock clock) {
    this.resolver = resolver;
    this.clock = clock;
    this.slots = new Semaphore(Math.max(1, atOnce));
  }

  /**
   * Begins to look up a client's name.
   *
   * @param wait how long a finished message waits for it
   */
  ClientName start(InetAddress client, Duration wait) {
    return isFailed(client)
        ? ClientName.withoutLookup(clock)
        : ClientName.lookUpFor(clock, wait, name -> lookUp(name, client, wait));
  }

  private void lookUp(ClientName name, InetAddress client, Duration wait) {
    try {
      // A client that gets no slot in the time that a message waits is not looked up.
      if (!slots.tryAcquire(wait.toNanos(), TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    try {
      if (!name.isEnded() && !name.lookUp(resolver, client)) {
        synchronized (failed) {
          failed.remove(client);
          failed.put(client, clock.nanoTime() + FAILED.toNanos());
        }
      }
    } finally {
      slots.release();
    }
  }

  private boolean isFailed(InetAddress client) {
    synchronized (failed) {
      Long until = failed.get(client);
      if (until != null && clock.nanoTime() - until >= 0) {
        failed.remove(client);
        return false;
      }
      return until != null;
    }
  }
}

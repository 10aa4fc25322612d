package org.sealwax.router.receive;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Threads;

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
  private final Map<InetAddress, Long> failed = BoundedMap.byAge(MOST_FAILED);

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
    if (isFailed(client)) {
      return withoutLookup(clock);
    }
    ClientName asked = new ClientName(clock, wait);
    Threads.start(
        "client-name",
        () -> {
          try {
            lookUp(asked, client, wait);
          } finally {
            asked.found.countDown();
          }
        });
    return asked;
  }

  /** No look-up is made. */
  static ClientName withoutLookup(Clock clock) {
    ClientName unasked = new ClientName(clock, Duration.ZERO);
    unasked.found.countDown();
    return unasked;
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
      if (!name.ended && !name.lookUp(resolver, client)) {
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

  /**
   * The name of a client's address: a PTR name whose own addresses include it (RFC 1912 2.1).
   * Looked up next to the session, which waits for it only when it writes Received.
   */
  static final class ClientName {
    /** PTR names tried: an address with more has them to cause load. */
    private static final int MAX_NAMES = 3;

    /** The state of the name's lookup. */
    enum State {
      /** A name leads back to the address. */
      KNOWN,
      /** There is surely none. */
      NONE,
      /** The DNS did not answer in time, or was not asked. */
      OPEN
    }

    private final CountDownLatch found = new CountDownLatch(1);
    private final long deadline;
    private final Clock clock;
    private volatile State state = State.OPEN;
    private volatile boolean ended;
    private volatile @Nullable Domain name;

    private ClientName(Clock clock, Duration wait) {
      this.clock = clock;
      this.deadline = clock.nanoTime() + wait.toNanos();
    }

    /** The session is over: nothing more is asked. */
    void end() {
      ended = true;
    }

    /**
     * Looks the name up, unless the session ends.
     *
     * @return false when the look-up failed
     */
    private boolean lookUp(Resolver resolver, InetAddress address) {
      DnsAnswer<Domain> pointers = resolver.reverse(address);
      boolean sure = isSure(pointers.security());
      Resolver.AddressFamily family =
          address instanceof Inet4Address
              ? Resolver.AddressFamily.IPV4
              : Resolver.AddressFamily.IPV6;
      for (Domain pointer : pointers.records().stream().limit(MAX_NAMES).toList()) {
        if (ended) {
          return true;
        }
        DnsAnswer<InetAddress> forward = resolver.addresses(pointer, family);
        sure &= isSure(forward.security());
        if (forward.records().contains(address)) {
          name = pointer;
          state = State.KNOWN;
          return true;
        }
      }
      state = sure ? State.NONE : State.OPEN;
      return sure;
    }

    private static boolean isSure(DnssecStatus security) {
      return switch (security) {
        case SECURE, INSECURE -> true;
        case BOGUS, FAILED -> false;
      };
    }

    /** What is known once the wait is over. */
    State await() {
      try {
        if (found.getCount() > 0) {
          var _ = found.await(deadline - clock.nanoTime(), TimeUnit.NANOSECONDS);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return state;
    }

    /** The name once the wait is over, or null. */
    @Nullable Domain verified() {
      return await() == State.KNOWN ? name : null;
    }

    /** The name if it is known by now, for the log. */
    @Nullable Domain ifKnown() {
      return name;
    }
  }
}

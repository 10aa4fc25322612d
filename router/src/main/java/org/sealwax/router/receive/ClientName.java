package org.sealwax.router.receive;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Threads;

/**
 * The name of a client's address: a PTR name whose own addresses include it (RFC 1912 2.1). Looked
 * up next to the session, which waits for it only when it writes Received.
 */
final class ClientName {
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

  /** No look-up is made. */
  static ClientName withoutLookup(Clock clock) {
    ClientName unasked = new ClientName(clock, Duration.ZERO);
    unasked.found.countDown();
    return unasked;
  }

  /** Looks up in a thread of its own. */
  static ClientName lookUpFor(Clock clock, Duration wait, Consumer<ClientName> lookUp) {
    ClientName asked = new ClientName(clock, wait);
    Threads.start(
        "client-name",
        () -> {
          try {
            lookUp.accept(asked);
          } finally {
            asked.found.countDown();
          }
        });
    return asked;
  }

  /** The session is over: nothing more is asked. */
  void end() {
    ended = true;
  }

  boolean isEnded() {
    return ended;
  }

  /**
   * Looks the name up.
   *
   * @return false when the look-up failed
   */
  boolean lookUp(Resolver resolver, InetAddress address) {
    DnsAnswer<Domain> pointers = resolver.reverse(address);
    boolean sure = isSure(pointers.security());
    Resolver.AddressFamily family =
        address instanceof Inet4Address ? Resolver.AddressFamily.IPV4 : Resolver.AddressFamily.IPV6;
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

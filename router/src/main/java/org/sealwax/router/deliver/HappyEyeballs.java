package org.sealwax.router.deliver;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.FileDescriptors;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;

/**
 * Connects to the first of several addresses that answers (RFC 8305 section 5, simplified): the
 * next address is tried in parallel after the stagger; a refusal starts the next at once. A dead
 * IPv6 path costs a quarter of a second, not a timeout.
 *
 * @param timeout for each connection
 */
record HappyEyeballs(Dialer dialer, DeliverySettings settings, Duration timeout) {
  /**
   * The result of connecting.
   *
   * @param wire null when nothing did
   * @param failure why not
   * @param localFailure whether the failure is not the host's: we had no descriptors left
   */
  record Dialed(
      @Nullable Wire wire, InetSocketAddress address, String failure, boolean localFailure) {}

  /**
   * Connects.
   *
   * @param addresses at least one
   */
  Dialed first(List<InetSocketAddress> addresses) throws InterruptedException {
    if (addresses.size() == 1) {
      return attempt(addresses.getFirst());
    }
    LinkedBlockingQueue<Dialed> results = new LinkedBlockingQueue<>();
    AtomicBoolean over = new AtomicBoolean();
    List<String> troubles = new ArrayList<>();
    int started = 0;
    int ended = 0;
    Dialed last = new Dialed(null, addresses.getFirst(), "no answer", false);
    try {
      while (ended < addresses.size()) {
        if (started < addresses.size() && started == ended) {
          start(addresses.get(started++), results, over);
        }
        @Nullable Dialed result =
            started < addresses.size()
                ? results.poll(settings.stagger().toNanos(), TimeUnit.NANOSECONDS)
                : results.take();
        if (result == null) {
          start(addresses.get(started++), results, over);
        } else if (result.wire() != null) {
          return result;
        } else {
          ended++;
          last = result;
          troubles.add(result.failure());
        }
      }
      return new Dialed(null, last.address(), String.join("; ", troubles), last.localFailure());
    } finally {
      // A connection that comes too late closes itself; one that came in the same moment is closed
      // here.
      over.set(true);
      Dialed late;
      while ((late = results.poll()) != null) {
        close(late.wire());
      }
    }
  }

  private void start(
      InetSocketAddress to, LinkedBlockingQueue<Dialed> results, AtomicBoolean over) {
    Threads.start(
        "dial",
        () -> {
          Dialed result = attempt(to);
          results.add(result);
          if (over.get() && results.remove(result)) {
            close(result.wire());
          }
        });
  }

  private Dialed attempt(InetSocketAddress to) {
    InetAddress from =
        to.getAddress() instanceof Inet6Address ? settings.bind6() : settings.bind4();
    try {
      return new Dialed(dialer.connect(to, from, timeout), to, "", false);
    } catch (IOException e) {
      String failure = "[" + AddressText.of(to.getAddress()) + "]: " + FailureText.of(e);
      return new Dialed(null, to, failure, FileDescriptors.areExhausted(e));
    }
  }

  private static void close(@Nullable Wire wire) {
    if (wire == null) {
      return;
    }
    try {
      wire.close();
    } catch (IOException e) {
      // It lost the race anyway.
    }
  }
}

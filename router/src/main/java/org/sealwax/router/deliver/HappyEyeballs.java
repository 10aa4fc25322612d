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

  private record ConnectAttempt(
      InetSocketAddress to, @Nullable Wire wire, @Nullable IOException failure) {}

  /**
   * Connects.
   *
   * @param addresses at least one
   */
  Dialed first(List<InetSocketAddress> addresses) throws InterruptedException {
    if (addresses.size() == 1) {
      return result(attempt(addresses.getFirst()), new ArrayList<>());
    }
    LinkedBlockingQueue<ConnectAttempt> results = new LinkedBlockingQueue<>();
    AtomicBoolean over = new AtomicBoolean();
    List<String> troubles = new ArrayList<>();
    int started = 0;
    int ended = 0;
    ConnectAttempt last =
        new ConnectAttempt(addresses.getFirst(), null, new IOException("no answer"));
    try {
      while (ended < addresses.size()) {
        if (started < addresses.size() && started == ended) {
          start(addresses.get(started++), results, over);
        }
        @Nullable ConnectAttempt result =
            started < addresses.size()
                ? results.poll(settings.stagger().toNanos(), TimeUnit.NANOSECONDS)
                : results.take();
        if (result == null) {
          start(addresses.get(started++), results, over);
        } else if (result.wire() != null) {
          return result(result, troubles);
        } else {
          ended++;
          last = result;
          troubles.add(failureText(result));
        }
      }
      troubles.removeLast();
      return result(last, troubles);
    } finally {
      // A connection that comes too late closes itself; one that came in the same moment is closed
      // here.
      over.set(true);
      ConnectAttempt late;
      while ((late = results.poll()) != null) {
        close(late.wire());
      }
    }
  }

  private void start(
      InetSocketAddress to, LinkedBlockingQueue<ConnectAttempt> results, AtomicBoolean over) {
    Threads.start(
        "dial",
        () -> {
          ConnectAttempt result = attempt(to);
          results.add(result);
          if (over.get() && results.remove(result)) {
            close(result.wire());
          }
        });
  }

  private ConnectAttempt attempt(InetSocketAddress to) {
    InetAddress from =
        to.getAddress() instanceof Inet6Address ? settings.bind6() : settings.bind4();
    try {
      return new ConnectAttempt(to, dialer.connect(to, from, timeout), null);
    } catch (IOException e) {
      return new ConnectAttempt(to, null, e);
    }
  }

  private static String failureText(ConnectAttempt result) {
    IOException e = result.failure();
    String why = e == null ? "no connection" : FailureText.of(e);
    return "[" + result.to().getAddress().getHostAddress() + "]: " + why;
  }

  private static Dialed result(ConnectAttempt result, List<String> before) {
    if (result.wire() != null) {
      return new Dialed(result.wire(), result.to(), "", false);
    }
    before.add(failureText(result));
    return new Dialed(
        null,
        result.to(),
        String.join("; ", before),
        FileDescriptors.areExhausted(result.failure()));
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

package org.sealwax.mail.tls;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;

/**
 * Keys that seal session tickets of one context. An attacker who reads a ticket key can decrypt all
 * sessions under it, so they live hours, in memory only, and never cross listeners, identities or
 * client-certificate modes. Thread-safe.
 */
final class TicketKeys {
  /** Name, HMAC key and AES-128 key, 16 bytes each. */
  static final int SIZE = 48;

  private final Clock clock;
  private final RandomSource random;
  private final Duration rotation;
  private final int old;
  private final ArrayDeque<byte[]> keys = new ArrayDeque<>();
  private long since;

  TicketKeys(ListenerTlsSettings listener, Clock clock, RandomSource random) {
    this.clock = clock;
    this.random = random;
    this.rotation = listener.ticketRotation();
    this.old = listener.oldTicketKeys();
  }

  /** The keys to set when they changed since the last call, the current one first; else empty. */
  synchronized List<byte[]> changed() {
    long now = clock.nanoTime();
    if (!keys.isEmpty() && now - since < rotation.toNanos()) {
      return List.of();
    }
    // After several periods without use the old keys have expired.
    if (!keys.isEmpty() && (now - since) / rotation.toNanos() > old) {
      keys.clear();
    }
    since = now;
    keys.addFirst(random.bytes(SIZE));
    while (keys.size() > 1 + old) {
      keys.removeLast();
    }
    return List.copyOf(keys);
  }
}

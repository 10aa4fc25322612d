package org.sealwax.router.milter;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.router.log.MailLog;

/**
 * The filters of all sessions: bounds their connections. A connection belongs to one transaction,
 * so that an idle client holds none. Thread-safe.
 */
public final class Milters {
  private final Clock clock;
  private final MailLog log;
  private final Map<MilterSettings, Semaphore> slots = new HashMap<>();

  /** Filters that are named by the configuration of each session. */
  public Milters(Clock clock, MailLog log) {
    this.clock = clock;
    this.log = log;
  }

  /** A transaction of this client through these filters; nothing is connected yet. */
  public MilterTransaction transaction(List<MilterSettings> configured, MilterClient client) {
    return new MilterTransaction(this, configured, client);
  }

  /** A connection and its slot. */
  record TakenConnection(MilterConnection connection, Semaphore slot) {
    void close() {
      try {
        connection.close();
      } finally {
        slot.release();
      }
    }
  }

  TakenConnection connect(MilterSettings settings) throws MilterException {
    Semaphore slot = slot(settings);
    long end = clock.nanoTime() + settings.connectTimeout().toNanos();
    try {
      if (!slot.tryAcquire(settings.connectTimeout().toNanos(), TimeUnit.NANOSECONDS)) {
        throw new MilterException(
            "the maximum of " + CountText.of(settings.connections(), "connection") + " is in use");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MilterException("interrupted", e);
    }
    boolean taken = false;
    try {
      Duration left = Duration.ofNanos(Math.max(1, end - clock.nanoTime()));
      TakenConnection connection = new TakenConnection(MilterConnection.open(settings, left), slot);
      taken = true;
      return connection;
    } finally {
      if (!taken) {
        slot.release();
      }
    }
  }

  /** Those of former configurations end with their last connection. */
  private Semaphore slot(MilterSettings settings) {
    synchronized (slots) {
      return slots.computeIfAbsent(settings, s -> new Semaphore(s.connections(), true));
    }
  }

  /** Forgets filters that are configured no longer. */
  public void retain(List<MilterSettings> configured) {
    synchronized (slots) {
      slots.keySet().retainAll(configured);
    }
  }

  MailLog log() {
    return log;
  }

  Clock clock() {
    return clock;
  }
}

package org.sealwax.router.deliver;

import java.io.Closeable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;

/**
 * Idle connections, by a key in which next hop, host, route and the whole requirement stand: a
 * connection that was good enough for one requirement is never used under another. The last one
 * given back is taken first. Thread-safe.
 */
final class ConnectionPool implements Closeable {
  private final ConnectionPoolSettings settings;
  private final Clock clock;
  private final Map<String, ArrayDeque<Idle>> byKey = new HashMap<>();
  private int total;
  private boolean closed;

  private record Idle(HostConnection connection, Deadline deadline) {}

  ConnectionPool(ConnectionPoolSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /** An idle connection, or null. */
  @Nullable HostConnection take(String key) {
    Idle idle;
    synchronized (this) {
      ArrayDeque<Idle> list = byKey.get(key);
      if (list == null) {
        return null;
      }
      idle = list.removeLast();
      forget(key, list);
    }
    idle.deadline().close();
    return idle.connection();
  }

  private void forget(String key, ArrayDeque<Idle> list) {
    total--;
    if (list.isEmpty()) {
      byKey.remove(key);
    }
  }

  /** Keeps a connection for the next message, or sends QUIT when its time is over. */
  void putBack(String key, HostConnection connection) {
    boolean old =
        clock.nanoTime() - connection.openedAt() > settings.age().toNanos()
            || connection.transactions() >= Math.min(settings.messages(), connection.mailMax())
            || connection.session().unsolicitedBytes() > 0;
    if (old || settings.perHost() == 0) {
      connection.session().quit();
      return;
    }
    connection.session().releaseBuffer();
    synchronized (this) {
      ArrayDeque<Idle> list = byKey.get(key);
      if (!closed
          && total < settings.total()
          && (list == null || list.size() < settings.perHost())) {
        if (list == null) {
          list = new ArrayDeque<>(2);
          byKey.put(key, list);
        }
        // Runs under none of our locks: the deadline's thread takes it when it fires.
        list.addLast(
            new Idle(connection, Deadline.after(settings.idle(), () -> expire(key, connection))));
        total++;
        return;
      }
    }
    connection.session().quit();
  }

  private void expire(String key, HostConnection connection) {
    synchronized (this) {
      ArrayDeque<Idle> list = byKey.get(key);
      if (list == null || !list.removeIf(idle -> idle.connection() == connection)) {
        return; // taken in the same moment
      }
      forget(key, list);
    }
    connection.session().quit();
  }

  /** Idle connections now. */
  synchronized int size() {
    return total;
  }

  /** Sends QUIT on all and keeps none from now on. */
  @Override
  public void close() {
    List<Idle> all = new ArrayList<>();
    synchronized (this) {
      closed = true;
      byKey.values().forEach(all::addAll);
      byKey.clear();
      total = 0;
    }
    for (Idle idle : all) {
      idle.deadline().close();
      idle.connection().session().quit();
    }
  }
}

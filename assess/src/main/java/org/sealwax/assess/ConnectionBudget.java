package org.sealwax.assess;

/** Connections that may still be opened to one address. Thread-safe. */
public final class ConnectionBudget {
  private final int limit;
  private int opened;
  private int reserved;

  /** With {@code most} connections in it. */
  public ConnectionBudget(int most) {
    this.limit = most;
  }

  /** Keeps {@code connections} back for a later probe; replaces what was kept before. */
  synchronized void reserve(int connections) {
    reserved = connections;
  }

  /** Takes one connection; false when none is left, and then none may be opened. */
  public synchronized boolean tryTake() {
    if (opened >= limit - reserved) {
      return false;
    }
    opened++;
    return true;
  }

  /** Connections taken. */
  public synchronized int opened() {
    return opened;
  }

  /** Connections left. */
  public synchronized int remaining() {
    return Math.max(0, limit - reserved - opened);
  }
}

package org.sealwax.assess;

/** Connections that may still be opened to one address. Thread-safe. */
public final class Purse {
  private final int most;
  private int spent;
  private int kept;

  /** With {@code most} connections in it. */
  public Purse(int most) {
    this.most = most;
  }

  /** Keeps {@code connections} back for a later probe; replaces what was kept before. */
  synchronized void keep(int connections) {
    kept = connections;
  }

  /** Takes one connection; false when none is left, and then none may be opened. */
  public synchronized boolean take() {
    if (spent >= most - kept) {
      return false;
    }
    spent++;
    return true;
  }

  /** Connections taken. */
  public synchronized int spent() {
    return spent;
  }

  /** Connections left. */
  public synchronized int left() {
    return Math.max(0, most - kept - spent);
  }
}

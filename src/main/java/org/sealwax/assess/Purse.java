package org.sealwax.assess;

/** Connections that may still be opened to one address. Thread-safe. */
public final class Purse {
  private final int most;
  private int spent;

  /** With {@code most} connections in it. */
  public Purse(int most) {
    this.most = most;
  }

  /** Takes one connection; false when none is left, and then none may be opened. */
  public synchronized boolean take() {
    if (spent >= most) {
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
    return most - spent;
  }
}

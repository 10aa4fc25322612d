package org.sealwax.mail.net;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A number of bytes that cannot be exceeded: take before you allocate, give back when you let go.
 * Most of it is for everybody; the last quarter is for what has no other place to go, so that those
 * who could use the disk instead do so in time. Thread-safe.
 */
public final class ByteBudget {
  private final long most;
  private final long spare;
  private final AtomicLong taken;

  /**
   * A budget.
   *
   * @param most bytes
   */
  public ByteBudget(long most) {
    this(most, new AtomicLong());
  }

  private ByteBudget(long most, AtomicLong taken) {
    this.most = most;
    this.spare = most - most / 4;
    this.taken = taken;
  }

  /** The same bytes, of which these are left to those who have the whole budget. */
  public ByteBudget withReserve(long reserve) {
    return new ByteBudget(most - reserve, taken);
  }

  /** A budget that is never used up: for our own mail, and for tests. */
  public static ByteBudget unlimited() {
    return new ByteBudget(Long.MAX_VALUE);
  }

  /** Takes bytes that are needed; false when there are not so many. */
  public boolean tryTake(long bytes) {
    return take(bytes, most);
  }

  /** Takes bytes that would be convenient; false when three quarters of all are taken. */
  public boolean tryTakeOptional(long bytes) {
    return take(bytes, spare);
  }

  private boolean take(long bytes, long limit) {
    while (true) {
      long now = taken.get();
      if (bytes > limit - now) {
        return false;
      }
      if (taken.compareAndSet(now, now + bytes)) {
        return true;
      }
    }
  }

  /** Gives bytes back. */
  public void give(long bytes) {
    if (taken.addAndGet(-bytes) < 0) {
      throw new IllegalStateException("more bytes given than taken");
    }
  }

  /** Bytes taken now. */
  public long taken() {
    return taken.get();
  }

  /** Bytes in all. */
  public long most() {
    return most;
  }
}

package org.sealwax.mail.net;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A number of bytes that cannot be exceeded: take before you allocate, give back afterwards. Most
 * of it is for all callers; the last quarter is for callers that have no alternative, so that
 * callers that can use the disk instead do so in time. Thread-safe.
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

  /**
   * {@return the same bytes, of which {@code reserve} bytes are left to the users of the whole
   * budget}
   *
   * @param reserve bytes that optional users must leave
   */
  public ByteBudget withReserve(long reserve) {
    return new ByteBudget(most - reserve, taken);
  }

  /** {@return a budget that is never used up: for our own mail, and for tests} */
  public static ByteBudget unlimited() {
    return new ByteBudget(Long.MAX_VALUE);
  }

  /**
   * Takes bytes that are needed; false when there are not so many.
   *
   * @param bytes number of bytes
   * @return whether the bytes were taken
   */
  public boolean tryTake(long bytes) {
    return take(bytes, most);
  }

  /**
   * Takes bytes that would be convenient; false when three quarters of all are taken.
   *
   * @param bytes number of bytes
   * @return whether the bytes were taken
   */
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

  /**
   * Gives bytes back.
   *
   * @param bytes number of bytes
   */
  public void give(long bytes) {
    if (taken.addAndGet(-bytes) < 0) {
      throw new IllegalStateException("more bytes returned than taken");
    }
  }

  /** {@return bytes taken now} */
  public long taken() {
    return taken.get();
  }

  /** {@return bytes in all} */
  public long most() {
    return most;
  }
}

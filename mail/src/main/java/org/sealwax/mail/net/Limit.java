package org.sealwax.mail.net;

/** A count that cannot be exceeded: take before you start, give back when you end. */
public interface Limit {
  /** Takes one token; false when there is none. */
  boolean tryTake();

  /** Gives one token back. */
  void give();

  /** Tokens taken now. */
  int taken();

  /** At most {@code max} tokens at a time. */
  static Limit of(int max) {
    return new Limit() {
      private int taken;

      @Override
      public synchronized boolean tryTake() {
        if (taken >= max) {
          return false;
        }
        taken++;
        return true;
      }

      @Override
      public synchronized void give() {
        if (taken == 0) {
          throw new IllegalStateException("more tokens given than taken");
        }
        taken--;
      }

      @Override
      public synchronized int taken() {
        return taken;
      }
    };
  }
}

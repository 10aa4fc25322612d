package org.sealwax.mail.net;

/** A count that cannot be exceeded: take before you start, give back when you end. */
public interface Limit {
  /**
   * Takes one token; false when there is none.
   *
   * @return whether a token was taken
   */
  boolean tryTake();

  /** Gives one token back. */
  void give();

  /**
   * Tokens taken now.
   *
   * @return how many
   */
  int taken();

  /**
   * {@return at most {@code max} tokens at a time}
   *
   * @param max how many at the same time; at least 1
   */
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
          throw new IllegalStateException("more tokens returned than taken");
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

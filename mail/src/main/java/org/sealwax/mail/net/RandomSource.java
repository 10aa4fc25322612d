package org.sealwax.mail.net;

import java.security.SecureRandom;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

/** Randomness: for jitter and shuffling, and unpredictable bytes for identifiers and salts. */
public interface RandomSource {
  /**
   * Evenly distributed from 0 (inclusive) to {@code bound} (exclusive); bound is positive.
   *
   * @param bound the upper limit, exclusive; positive
   * @return the number
   */
  int below(int bound);

  /**
   * Evenly distributed from 0.0 (inclusive) to 1.0 (exclusive).
   *
   * @return the number
   */
  double fraction();

  /**
   * {@return unpredictable bytes (outside of simulations)}
   *
   * @param count number of bytes
   */
  byte[] bytes(int count);

  /**
   * Shuffles in place (RFC 5321 5.1: MX hosts of equal preference).
   *
   * @param <T> the type of the elements
   * @param list the list to shuffle
   */
  default <T> void shuffle(List<T> list) {
    for (int i = list.size() - 1; i > 0; i--) {
      T moved = list.get(i);
      int j = below(i + 1);
      list.set(i, list.get(j));
      list.set(j, moved);
    }
  }

  /** {@return the machine's secure source} */
  static RandomSource secure() {
    return of(new BlockRandom(new SecureRandom()));
  }

  /**
   * {@return a repeatable sequence for simulations; never for secrets}
   *
   * @param seed the same seed gives the same sequence
   */
  static RandomSource seeded(long seed) {
    return of(new Random(seed));
  }

  private static RandomSource of(RandomGenerator source) {
    return new RandomSource() {
      @Override
      public int below(int bound) {
        return source.nextInt(bound);
      }

      @Override
      public double fraction() {
        return source.nextDouble();
      }

      @Override
      public byte[] bytes(int count) {
        byte[] out = new byte[count];
        source.nextBytes(out);
        return out;
      }
    };
  }
}

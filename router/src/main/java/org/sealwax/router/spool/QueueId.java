package org.sealwax.router.spool;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;

/**
 * The identifier of one queued message: in the {@code 250}, in Received, in the log, in the queue.
 *
 * @param text 8 to 24 characters of {@code [0-9A-Za-z]}; sorts roughly by time of arrival
 */
public record QueueId(String text) implements Comparable<QueueId> {
  /** Characters of an identifier that this router makes: a 63-bit number in base 62. */
  public static final int LENGTH = 11;

  /** In ASCII order, so that texts of equal length sort as their numbers do. */
  private static final String DIGITS =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  private static final int MIN = 8;
  private static final int MAX = 24;

  /** Bits right of the time: what an outsider would have to guess. */
  static final int TAIL_BITS = 22;

  /** The origin of the time in an identifier: the first of January 2026, in milliseconds. */
  private static final long ORIGIN = 1_767_225_600_000L;

  /** Checks the form: the identifier goes into file names and headers. */
  public QueueId {
    if (!isForm(text)) {
      throw new IllegalArgumentException("not a queue id");
    }
  }

  // Written out, as in BatchKey.

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof QueueId that && text.equals(that.text);
  }

  private static boolean isForm(String text) {
    if (text.length() < MIN || text.length() > MAX) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      if (digit(text.charAt(i)) < 0) {
        return false;
      }
    }
    return true;
  }

  private static int digit(char c) {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    if (c >= 'A' && c <= 'Z') {
      return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'z' ? c - 'a' + 36 : -1;
  }

  /** Parses what an admin typed; empty when it is not an identifier. */
  public static Optional<QueueId> parse(String text) {
    return isForm(text) ? Optional.of(new QueueId(text)) : Optional.empty();
  }

  /** The identifier of a number that is not negative. */
  public static QueueId of(long number) {
    if (number < 0) {
      throw new IllegalArgumentException("negative");
    }
    char[] out = new char[LENGTH];
    long rest = number;
    for (int i = LENGTH - 1; i >= 0; i--) {
      out[i] = DIGITS.charAt((int) (rest % 62));
      rest /= 62;
    }
    return new QueueId(new String(out));
  }

  /** The first number of the millisecond {@code at}; what lies below it is older. */
  static long firstNumberOf(Instant at) {
    return Math.max(0, at.toEpochMilli() - ORIGIN) << TAIL_BITS;
  }

  /** The millisecond in which the identifier {@code number} was given out. */
  static Instant timeOf(long number) {
    return Instant.ofEpochMilli((number >> TAIL_BITS) + ORIGIN);
  }

  /** The time at which this router gave out the identifier; the epoch for others. */
  public Instant time() {
    OptionalLong number = numberIfAny();
    return number.isPresent() ? timeOf(number.getAsLong()) : Instant.EPOCH;
  }

  /** The lowest identifier that could be given out at {@code at}. */
  public static QueueId earliestAt(Instant at) {
    return of(firstNumberOf(at));
  }

  /** The number, or empty when this identifier was not made by this router. */
  public OptionalLong numberIfAny() {
    if (text.length() != LENGTH) {
      return OptionalLong.empty();
    }
    long number = 0;
    for (int i = 0; i < LENGTH; i++) {
      int d = digit(text.charAt(i));
      if (number > (Long.MAX_VALUE - d) / 62) {
        return OptionalLong.empty();
      }
      number = number * 62 + d;
    }
    return OptionalLong.of(number);
  }

  /**
   * The number.
   *
   * @throws IllegalArgumentException when this identifier was not made by this router
   */
  public long number() {
    return numberIfAny().orElseThrow(() -> new IllegalArgumentException("not a queue id"));
  }

  @Override
  public int compareTo(QueueId other) {
    return text.compareTo(other.text);
  }

  @Override
  public String toString() {
    return text;
  }

  /**
   * Gives out identifiers: 41 bits of milliseconds, 22 bits that an outsider cannot guess, strictly
   * rising within one store, so that rows are appended and never collide. Thread-safe.
   */
  public static final class QueueIds {
    /** Step within one millisecond; its square root of guesses is what an outsider would need. */
    private static final int STEP = 1 << 12;

    private final Clock clock;
    private final RandomSource random;
    private long last;

    /**
     * A generator.
     *
     * @param newest the highest number in the store, so that a clock that was set back does no harm
     */
    public QueueIds(Clock clock, RandomSource random, long newest) {
      this.clock = clock;
      this.random = random;
      this.last = newest;
    }

    /** A new identifier. */
    public synchronized QueueId next() {
      long fresh = QueueId.firstNumberOf(clock.now()) | random.below(1 << QueueId.TAIL_BITS);
      last = fresh > last ? fresh : last + 1 + random.below(STEP);
      return QueueId.of(last);
    }
  }
}

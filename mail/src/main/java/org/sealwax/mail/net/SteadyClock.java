package org.sealwax.mail.net;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The clock of a process: it watches the machine's wall clock, which can jump: at boot, before the
 * time was fetched; by an admin; by an attack on the source of time. It gives two times.
 *
 * <p><b>Measured</b> ({@link #now}): for ages and due times that are stored and compared with each
 * other. It continues with the monotonic clock, also from the last run to this one, and never
 * jumps: a difference of more than {@link #SMALL} from the wall clock is made good slowly, as
 * adjtime(3) does, by a tenth of the time that passes. So no jump makes mail older than it is, or
 * due a year late. Time between two runs counts for at most {@link #BETWEEN_RUNS}: whether the
 * machine was off or its clock is ahead cannot be known.
 *
 * <p><b>Believed</b> ({@link #believed}): for what others have dated: certificates, MTA-STS
 * policies, signatures. It is the wall clock while that does not jump. After a jump of more than
 * {@link #TOLERANCE} it continues as if nothing had happened for {@link #GRACE}, in which MTA-STS
 * policies in use are fetched again; then the wall clock is believed. Only in the first hour after
 * a start with a clock that differs from the last run's, a jump towards that is believed at once:
 * the time was fetched.
 *
 * <p>Thread-safe.
 */
public final class SteadyClock implements Clock {
  /** A difference that is followed at once: corrections of a clock that is kept. */
  static final Duration SMALL = Duration.ofMinutes(1);

  /** A jump that is believed: more than any correction of a clock that is kept. */
  static final Duration TOLERANCE = Duration.ofHours(1);

  /** In this time every MTA-STS policy in use has had its daily renewal. */
  static final Duration GRACE = Duration.ofHours(24);

  /** In this time after a start the wall clock gets its right time. */
  static final Duration BOOT = Duration.ofHours(1);

  /** What the measured time counts between two runs at most. */
  static final Duration BETWEEN_RUNS = Duration.ofHours(1);

  /** Part of the time that passes by which a difference is made good. */
  private static final int SLEW = 10;

  private final Clock machine;
  private final @Nullable Mark former;
  private final boolean confirmed;
  private final long begun;

  /** What both times were taken from last; read without the lock. */
  private volatile Anchor measured;

  private volatile Anchor believed;
  private long doubtedSince;
  private volatile boolean doubted;

  /**
   * A time and when it was taken, by the monotonic clock. While the wall clock agrees with it, both
   * times are the wall clock's, and no thread waits for another one to know that.
   */
  private record Anchor(Instant time, long at) {
    /** Whether a reading differs by so little, and so soon, that nothing is to be decided. */
    boolean agrees(Instant wall, long nanos) {
      long passed = nanos - at;
      long seconds = wall.getEpochSecond() - time.getEpochSecond();
      if (passed < 0 || passed > FRESH || seconds < -1 || seconds > 2) {
        return false;
      }
      long gap = seconds * 1_000_000_000L + wall.getNano() - time.getNano() - passed;
      return -AGREED <= gap && gap <= AGREED;
    }

    private Instant expected(long nanos) {
      return time.plusNanos(nanos - at);
    }
  }

  /** An anchor is as good as one of now for so many nanoseconds: a second. */
  private static final long FRESH = 1_000_000_000L;

  /** What two readings of one time may differ by, in nanoseconds, for all that is decided here. */
  private static final long AGREED = 10_000_000L;

  /**
   * What a run leaves to the next one.
   *
   * @param believed the believed time
   * @param measured the measured time at the same moment
   */
  public record Mark(Instant believed, Instant measured) {}

  /**
   * Watches from now on.
   *
   * @param machine the machine's clock
   * @param former what the last run left, or null when that is not known
   */
  public SteadyClock(Clock machine, @Nullable Mark former) {
    this.machine = machine;
    this.former = former;
    Instant wall = machine.now();
    this.begun = machine.nanoTime();
    if (former == null) {
      this.confirmed = false;
      this.measured = new Anchor(wall, begun);
      this.believed = measured;
      return;
    }
    Duration between = Duration.between(former.believed(), wall);
    this.confirmed = between.abs().compareTo(TOLERANCE) <= 0;
    // The time was later already: a clock without a battery begins in its maker's year.
    this.believed =
        new Anchor(between.isNegative() && !confirmed ? former.believed() : wall, begun);
    Duration counted = between.isNegative() ? Duration.ZERO : between;
    this.measured =
        new Anchor(
            former.measured().plus(counted.compareTo(BETWEEN_RUNS) > 0 ? BETWEEN_RUNS : counted),
            begun);
  }

  /**
   * Watches from now on, and trusts the current clock.
   *
   * @param machine the clock of the machine
   * @return the clock
   */
  public static SteadyClock startingWith(Clock machine) {
    Instant now = machine.now();
    return new SteadyClock(machine, new Mark(now, now));
  }

  /** The measured time. */
  @Override
  public Instant now() {
    Instant wall = machine.now();
    return measured.agrees(wall, machine.nanoTime()) ? wall : measure();
  }

  private synchronized Instant measure() {
    Instant wall = machine.now();
    long nanos = machine.nanoTime();
    Instant expected = measured.expected(nanos);
    Duration gap = Duration.between(expected, wall);
    Instant now = wall;
    if (gap.abs().compareTo(SMALL) > 0) {
      long most = (nanos - measured.at()) / SLEW;
      now = expected.plusNanos(gap.isNegative() ? -most : most);
    }
    measured = new Anchor(now, nanos);
    return now;
  }

  @Override
  public long nanoTime() {
    return machine.nanoTime();
  }

  /** The believed time: for output, and for peers with a clock of their own. */
  @Override
  public Instant civilTime() {
    Instant wall = machine.now();
    return !doubted && believed.agrees(wall, machine.nanoTime()) ? wall : weigh();
  }

  private synchronized Instant weigh() {
    Instant wall = machine.now();
    long nanos = machine.nanoTime();
    Instant expected = believed.expected(nanos);
    boolean follows = Duration.between(expected, wall).abs().compareTo(TOLERANCE) <= 0;
    if (!follows && !isFetched(expected, wall, nanos)) {
      if (!doubted) {
        doubted = true;
        doubtedSince = nanos;
      }
      if (nanos - doubtedSince < GRACE.toNanos()) {
        return expected;
      }
    }
    believe(wall, nanos);
    return wall;
  }

  /** Whether the jump is that of a clock that got its time after a start. */
  private boolean isFetched(Instant expected, Instant wall, long nanos) {
    if (confirmed || nanos - begun > BOOT.toNanos()) {
      return false;
    }
    if (former == null) {
      return true;
    }
    Instant then = former.believed();
    boolean wentBack = !expected.isAfter(then.plus(Duration.ofNanos(nanos - begun)));
    return wentBack
        ? wall.isAfter(then)
        : Duration.between(then, wall).abs().compareTo(Duration.between(then, expected).abs()) < 0;
  }

  private void believe(Instant wall, long nanos) {
    believed = new Anchor(wall, nanos);
    doubted = false;
  }

  /** The admin confirms that the wall clock is right. */
  public synchronized void confirm() {
    believe(machine.now(), machine.nanoTime());
  }

  @Override
  public synchronized boolean isUncertain() {
    Instant _ = civilTime();
    return doubted;
  }

  /** {@return the believed time, as a clock} */
  public Clock believed() {
    return new Clock() {
      @Override
      public Instant now() {
        return SteadyClock.this.civilTime();
      }

      @Override
      public long nanoTime() {
        return machine.nanoTime();
      }

      @Override
      public boolean isUncertain() {
        return SteadyClock.this.isUncertain();
      }
    };
  }

  /** {@return what to leave to the next run} */
  public synchronized Mark mark() {
    return new Mark(civilTime(), now());
  }
}

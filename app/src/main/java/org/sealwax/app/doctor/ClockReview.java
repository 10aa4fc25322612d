package org.sealwax.app.doctor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Whether the clock is kept right: certificates, MTA-STS policies, DNSSEC signatures and DKIM
 * signatures are judged by it. Asks the kernel, as timedatectl does: a clock that nothing corrects
 * has a maximum error of 16 seconds (adjtimex(2)).
 */
final class ClockReview implements SiteReview {
  private static final long UNSYNCHRONIZED_MICROS = 16_000_000;

  private final Supplier<OptionalLong> maximumError;

  ClockReview() {
    this(ClockReview::kernel);
  }

  /** With another source of the maximum error in microseconds; empty: not known. */
  ClockReview(Supplier<OptionalLong> maximumError) {
    this.maximumError = maximumError;
  }

  @Override
  public List<SiteFinding> findings() {
    SiteFinding.Checked clock = SiteFinding.SiteCheck.CLOCK.of("system clock");
    OptionalLong error = maximumError.get();
    if (error.isEmpty()) {
      return List.of(clock.unknown("the kernel does not say whether the clock is synchronized"));
    }
    return List.of(
        error.getAsLong() < UNSYNCHRONIZED_MICROS
            ? clock.ok("synchronized")
            : clock.warning(
                "not synchronized: certificates and signatures are judged by a clock that may be"
                    + " wrong",
                "timedatectl set-ntp true, or run chrony"));
  }

  /** The field maxerror of struct timex on 64-bit Linux. */
  @SuppressWarnings("restricted") // adjtimex of libc, with a buffer larger than its struct
  private static OptionalLong kernel() {
    long size = 256; // struct timex has 208 bytes
    long maxerror = 24;
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      var function =
          linker.defaultLookup().find("adjtimex").filter(f -> ValueLayout.ADDRESS.byteSize() == 8);
      if (function.isEmpty()) {
        return OptionalLong.empty();
      }
      // All zero: modes 0 only reads.
      MemorySegment timex = arena.allocate(size, 8);
      int state =
          (int)
              linker
                  .downcallHandle(
                      function.get(),
                      FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS))
                  .invokeExact(timex);
      return state < 0
          ? OptionalLong.empty()
          : OptionalLong.of(timex.get(ValueLayout.JAVA_LONG, maxerror));
    } catch (Throwable e) {
      return OptionalLong.empty();
    }
  }
}

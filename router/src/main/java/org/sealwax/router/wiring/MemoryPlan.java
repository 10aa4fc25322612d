package org.sealwax.router.wiring;

import java.util.List;
import java.util.Locale;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.receive.SessionLimit;

/**
 * The memory that all limits add up to. It must fit the heap, or a flood that stays within every
 * single limit ends the process; {@code sealwax check} computes it.
 *
 * @param parts that can be full at the same time
 * @param heap bytes that this process may use (-Xmx)
 */
public record MemoryPlan(List<MemoryPart> parts, long heap) {
  /**
   * One of them.
   *
   * @param purpose it is for
   * @param bytes at most
   */
  record MemoryPart(String purpose, long bytes) {}

  /** Sessions have this part of the heap. */
  private static final int SESSIONS_PART = 3;

  /** The program itself, and its caches of fixed size: measured with all of them full. */
  private static final long PROGRAM = 64L << 20;

  /** A share in hand: key, next hop, sender, place in line. */
  private static final long SHARE = 2L << 10;

  /** A delivery: two buffers, TLS both ways, a batch of recipients with their outcomes. */
  private static final long DELIVERY = 384L << 10;

  /** An answer in the cache of the DNS. */
  private static final long ANSWER = 512;

  /** Bytes that the sessions of this process may hold. */
  public static long forSessions() {
    return Runtime.getRuntime().maxMemory() / SESSIONS_PART;
  }

  /** The plan for a configuration in this process. */
  public static MemoryPlan of(RouterSettings settings) {
    return new MemoryPlan(
        List.of(
            new MemoryPart("the program and its caches", PROGRAM),
            new MemoryPart("all sessions", forSessions()),
            new MemoryPart("the queue's window", Queue.WINDOW * SHARE),
            new MemoryPart("mail in acceptance", settings.queue().loadedBytes()),
            new MemoryPart("[queue] deliveries", settings.queue().deliveries() * DELIVERY),
            new MemoryPart("[dns] cache", settings.dns().cacheEntries() * ANSWER)),
        Runtime.getRuntime().maxMemory());
  }

  /** Bytes in all. */
  long sum() {
    return parts.stream().mapToLong(MemoryPart::bytes).sum();
  }

  /** Whether all limits can be reached at the same time. */
  public boolean fits() {
    return sum() <= heap;
  }

  /** Sessions that fit in their part, when all only wait. */
  static long sessionsThatFit() {
    return forSessions() / SessionLimit.SESSION;
  }

  /** The sum and its parts in one line. */
  public String text() {
    StringBuilder out = new StringBuilder();
    out.append("the limits add up to ").append(megabytes(sum()));
    out.append(" of a heap of ").append(megabytes(heap)).append(" (-Xmx): ");
    for (MemoryPart part : parts) {
      out.append(part.equals(parts.getFirst()) ? "" : ", ");
      out.append(part.purpose()).append(' ').append(megabytes(part.bytes()));
    }
    return out.toString();
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%d MB", (bytes + (1 << 20) - 1) >> 20);
  }
}

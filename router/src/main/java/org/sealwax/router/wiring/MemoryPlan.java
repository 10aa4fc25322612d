package org.sealwax.router.wiring;

import java.util.List;
import org.sealwax.mail.net.HeapBudget;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.receive.SessionLimit;

/**
 * The memory that all limits of the router add up to; {@code sealwax check} computes it, and
 * reports when it does not fit the heap.
 */
public final class MemoryPlan {
  /** Sessions have this part of the heap. */
  private static final int SESSIONS_PART = 3;

  /** The program itself, and its caches of fixed size: measured with all of them full. */
  private static final long PROGRAM = 64L << 20;

  /** A batch in memory: key, next hop, sender, place in line. */
  private static final long SHARE = 2L << 10;

  /** A delivery: two buffers, TLS both ways, a batch of recipients with their outcomes. */
  private static final long DELIVERY = 384L << 10;

  /** An answer in the cache of the DNS. */
  private static final long ANSWER = 512;

  private MemoryPlan() {}

  /** Bytes that the sessions of this process may hold. */
  public static long forSessions() {
    return Runtime.getRuntime().maxMemory() / SESSIONS_PART;
  }

  /** The plan for a configuration in this process. */
  public static HeapBudget of(RouterSettings settings) {
    return HeapBudget.here(
        List.of(
            new HeapBudget.HeapPart("the program and its caches", PROGRAM),
            new HeapBudget.HeapPart("all sessions", forSessions()),
            new HeapBudget.HeapPart("queued mail in memory", Queue.WINDOW * SHARE),
            new HeapBudget.HeapPart("mail that is being received", settings.queue().loadedBytes()),
            new HeapBudget.HeapPart("[queue] deliveries", settings.queue().deliveries() * DELIVERY),
            new HeapBudget.HeapPart("[dns] cache", settings.dns().cacheEntries() * ANSWER)));
  }

  /** Sessions that fit in their part, when all only wait. */
  static long sessionsThatFit() {
    return forSessions() / SessionLimit.SESSION;
  }
}

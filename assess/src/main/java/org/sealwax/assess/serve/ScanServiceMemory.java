package org.sealwax.assess.serve;

import java.util.List;
import org.sealwax.mail.net.ConnectionLimiter;
import org.sealwax.mail.net.HeapBudget;

/**
 * The memory that all limits of the service add up to. {@code bench/assess/serve} fills each of
 * them and measures; the figures here are what it measured, and some more.
 */
public final class ScanServiceMemory {
  /** The program, its DNS cache, and the public certificate authorities. */
  private static final long PROGRAM = 40L << 20;

  /**
   * A scan of {@link TargetApproval#MAX_ADDRESSES} addresses whose servers send the longest answers
   * that are read, and its report in all forms next to the former one.
   */
  private static final long SCAN = 32L << 20;

  /** A visitor who does not read: buffers, a request of the full length, TLS both ways. */
  private static final long CONNECTION = 128L << 10;

  /** A domain of the full length that waits, with its client. */
  private static final long WAITING = 1L << 10;

  /** A client or a host that is counted. */
  private static final long COUNTED = 384;

  /** A domain that was declined, and why. */
  private static final long DECLINED = 1L << 10;

  /** What is in memory of a stored result. */
  private static final long RESULT = 384;

  /** An entry of the operator's list, of the full length. */
  private static final long LISTED = 512;

  private ScanServiceMemory() {}

  /**
   * The sum for these settings in this process.
   *
   * @param hasList whether the operator has a list of owners who object: while it is read again the
   *     former one is there, too
   */
  public static HeapBudget of(ScanServiceSettings settings, boolean hasList) {
    long counted = 2L * ScanService.MAX_COUNTED + ConnectionLimiter.MAX_SOURCES;
    return HeapBudget.here(
        List.of(
            new HeapBudget.HeapPart("the program and its caches", PROGRAM),
            new HeapBudget.HeapPart("--scans", settings.scans() * SCAN),
            new HeapBudget.HeapPart("connections", ScanWebSite.CONNECTIONS * CONNECTION),
            new HeapBudget.HeapPart("--queue", settings.waiting() * WAITING),
            new HeapBudget.HeapPart(
                "counted clients and hosts",
                counted * COUNTED + ScanService.MAX_DECLINED * DECLINED),
            new HeapBudget.HeapPart(
                "results within --disk", settings.diskBytes() / ResultStore.LEAST * RESULT),
            new HeapBudget.HeapPart("--opt-out", hasList ? 2L * OptOut.MAX_ENTRIES * LISTED : 0)));
  }
}

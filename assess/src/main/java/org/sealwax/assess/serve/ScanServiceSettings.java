package org.sealwax.assess.serve;

import java.time.Duration;

/**
 * Limits of the service.
 *
 * @param scans at a time
 * @param waiting scans that wait, of all clients
 * @param waitingEach of them, and of those that run, of one client
 * @param clientHour scans that one client may start within an hour
 * @param hostHour scans within an hour that may visit one address
 * @param cache age up to which a result is shown again instead of a new scan
 * @param diskBytes of all results; the oldest are deleted beyond it
 */
public record ScanServiceSettings(
    int scans,
    int waiting,
    int waitingEach,
    int clientHour,
    int hostHour,
    Duration cache,
    long diskBytes) {
  /** Each scan has a few threads, sockets and some MB while it runs. */
  public static final int SCANS = 4;

  public static final int MAX_SCANS = 64;

  /** At four scans of some seconds each, the last one waits a quarter of an hour at most. */
  public static final int WAITING = 200;

  public static final int WAITING_EACH = 3;

  /** A person who fixes a domain and looks again does not need more. */
  public static final int CLIENT_HOUR = 20;

  /** Providers serve many domains at one address; 30 scans open 1,350 connections at most. */
  public static final int HOST_HOUR = 30;

  public static final Duration CACHE = Duration.ofHours(1);

  /** Some 3,000 results. */
  public static final long DISK = 1L << 30;

  /** Checks that all are limits. */
  public ScanServiceSettings {
    if (scans < 1
        || waiting < 1
        || waitingEach < 1
        || clientHour < 1
        || hostHour < 1
        || cache.isNegative()
        || diskBytes < ResultStore.MAX_RESULT) {
      throw new IllegalArgumentException("limits are 1 or more");
    }
  }
}

package org.sealwax.router.reports.received;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings of received reports.
 *
 * @param folder where
 * @param keep for how long after the day they are about; whole days, {@link #LEAST} to {@link
 *     #MOST}
 * @param reports at most; those by POST may take half of it
 * @param bytes of all their files at most; likewise
 * @param fromOne of one origin in a day at most: a signing domain, or a client's address
 */
public record ReceivedReportSettings(
    Path folder, Duration keep, int reports, long bytes, int fromOne) {
  /** The shortest time that shows anything: reports come a day late. */
  public static final Duration LEAST = Duration.ofDays(2);

  /** Two years. */
  public static final Duration MOST = Duration.ofDays(731);

  /** A quarter of a year. */
  public static final Duration DEFAULT_KEEP = Duration.ofDays(90);

  /** A hundred a day for half a year; a small site gets five. */
  public static final int REPORTS = 20_000;

  /** A report has some kilobytes. */
  public static final long BYTES = 256L << 20;

  /** One organisation reports once a day about each domain. */
  public static final int FROM_ONE = 500;

  /** Checks the ranges. */
  public ReceivedReportSettings {
    if (keep.compareTo(LEAST) < 0 || keep.compareTo(MOST) > 0) {
      throw new IllegalArgumentException(
          "reports are kept for " + LEAST.toDays() + " to " + MOST.toDays() + " days");
    }
    if (reports < 2 || bytes < 2 || fromOne < 1) {
      throw new IllegalArgumentException("space for reports");
    }
  }

  /** The usual space. */
  public static ReceivedReportSettings in(Path folder, Duration keep) {
    return new ReceivedReportSettings(folder, keep, REPORTS, BYTES, FROM_ONE);
  }
}

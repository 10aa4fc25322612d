package org.sealwax.router.spool;

import java.nio.file.Path;

/**
 * Settings of the embedded store.
 *
 * @param folder folder of the store; made when missing, with access for its owner alone
 * @param minimumFreeSpace bytes that must stay free on the file system for mail to be taken
 * @param tracesKept maximum number of trace entries that are kept, the newest
 */
public record SpoolSettings(Path folder, long minimumFreeSpace, int tracesKept) {
  /** Space for the updates of what is queued when accepting has stopped. */
  public static final long DEFAULT_FREE_SPACE = 256L << 20;

  /** About 100 MB of rows. */
  public static final int DEFAULT_JOURNEYS = 250_000;

  /** Checks. */
  public SpoolSettings {
    if (minimumFreeSpace < 0 || tracesKept < 0) {
      throw new IllegalArgumentException("negative");
    }
  }

  /** Defaults for a folder. */
  public static SpoolSettings defaults(Path folder) {
    return new SpoolSettings(folder, DEFAULT_FREE_SPACE, DEFAULT_JOURNEYS);
  }
}

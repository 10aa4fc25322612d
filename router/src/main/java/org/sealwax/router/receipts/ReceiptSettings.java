package org.sealwax.router.receipts;

import java.time.Duration;

/**
 * Settings of the receipts.
 *
 * @param retention files whose last record is older are deleted, with their salts; zero: never
 * @param size the oldest files are deleted, with their salts, when all are larger, in bytes; zero:
 *     never
 * @param fileSize a file that has grown beyond this is closed and the next one begun, in bytes
 */
public record ReceiptSettings(Duration retention, long size, long fileSize) {
  /** A quarter of a year: long enough for a question that comes late. */
  public static final Duration DEFAULT_RETENTION = Duration.ofDays(90);

  /** Over a million receipts: messages from any client must not fill the disk with them. */
  public static final long DEFAULT_SIZE = 1L << 30;

  /** Some 80,000 receipts; small enough to be read through in a second. */
  public static final long DEFAULT_FILE_SIZE = 64L << 20;

  /** Checks ranges. */
  public ReceiptSettings {
    if (retention.isNegative() || size < 0 || fileSize < 1) {
      throw new IllegalArgumentException("retention and size are positive");
    }
  }

  /** The defaults. */
  public static ReceiptSettings defaults() {
    return new ReceiptSettings(DEFAULT_RETENTION, DEFAULT_SIZE, DEFAULT_FILE_SIZE);
  }
}

package org.sealwax.router.receipts;

import java.time.Duration;
import java.util.Map;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * Settings of the receipts.
 *
 * @param enabled whether receipts are written
 * @param retention files whose last record is older are deleted, with their salts; zero: never
 * @param size the oldest files are deleted, with their salts, when all are larger, in bytes; zero:
 *     never
 * @param fileSize a file that has grown beyond this is closed and the next one begun, in bytes
 */
@SettingTable(name = "receipts", purpose = "Signed records of deliveries.")
public record ReceiptSettings(
    @Setting(
            fallback = "true",
            restart = true,
            doc =
                "Write a receipt for each delivered recipient, in the folder receipts of the state folder.")
        boolean enabled,
    @Setting(
            fallback = "90d",
            doc = "Retention of receipts; older files are deleted; \"0s\": unlimited.")
        Duration retention,
    @Setting(
            fallback = "1GB",
            doc =
                "Maximum size of all receipts; then the oldest files are deleted; \"0B\": unlimited.")
        long size,
    long fileSize) {
  /** Some 80,000 receipts; small enough to be read through in a second. */
  public static final long DEFAULT_FILE_SIZE = 64L << 20;

  /** Checks ranges. */
  public ReceiptSettings {
    if (retention.isNegative() || size < 0 || fileSize < 1) {
      throw new IllegalArgumentException("retention and size must be positive");
    }
  }

  /** The defaults. */
  public static ReceiptSettings defaults() {
    return SettingsRecord.defaults(ReceiptSettings.class, Map.of("fileSize", DEFAULT_FILE_SIZE));
  }
}

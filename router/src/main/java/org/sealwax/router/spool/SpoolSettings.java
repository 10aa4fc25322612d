package org.sealwax.router.spool;

import java.nio.file.Path;
import java.util.Map;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * Settings of the embedded store.
 *
 * @param folder folder of the store; made when missing, with access for its owner alone
 * @param minimumFreeSpace bytes that must stay free on the file system for mail to be taken
 * @param tracesKept maximum number of trace entries that are kept, the newest
 */
@SettingTable(name = "queue")
public record SpoolSettings(
    Path folder,
    @Setting(
            name = "free_space",
            fallback = "256MB",
            restart = true,
            doc =
                "Minimum free space on the file system of the spool; below it no mail is accepted.")
        long minimumFreeSpace,
    int tracesKept) {
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
    return SettingsRecord.defaults(
        SpoolSettings.class, Map.of("folder", folder, "tracesKept", DEFAULT_JOURNEYS));
  }
}

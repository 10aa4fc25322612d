package org.sealwax.router.sts;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.sts.FirstContactWait;

/**
 * Settings for fetching and keeping policies.
 *
 * @param enabled whether policies are used at all
 * @param file the database; made when it is missing, in a folder that is there
 * @param domains kept at most; at least 1
 * @param fetches at one time at most: a slow host can make each take a minute
 * @param total time for one fetch (RFC 8461 3.3 suggests a minute)
 * @param port of policy hosts: 443 but in tests
 * @param patience how long mail waits at first contact
 */
@SettingTable(name = "sts", purpose = "MTA-STS policies of recipient domains.")
public record StsSettings(
    @Setting(
            fallback = "true",
            restart = true,
            doc =
                "Fetch, cache and enforce MTA-STS policies (RFC 8461). DANE has no such switch: it applies where the DNS is validated.")
        boolean enabled,
    Path file,
    int domains,
    int fetches,
    Duration total,
    @Setting(
            fallback = "443",
            max = 65_535,
            restart = true,
            doc = "Port of policy hosts; other than 443 in tests only.")
        int port,
    FirstContactWait patience) {
  /** Domains kept: ten times what a large site writes to. */
  public static final int DOMAINS = 100_000;

  /** Checks ranges. */
  public StsSettings {
    if (domains < 1 || fetches < 1 || !total.isPositive()) {
      throw new IllegalArgumentException("counts and times are positive");
    }
  }

  /** A hundred thousand domains, 64 fetches at a time, a minute for each; the usual patience. */
  public static StsSettings in(Path file) {
    return SettingsRecord.defaults(
        StsSettings.class,
        Map.of(
            "file",
            file,
            "domains",
            DOMAINS,
            "fetches",
            64,
            "total",
            Duration.ofSeconds(60),
            "patience",
            FirstContactWait.defaults()));
  }
}

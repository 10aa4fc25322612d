package org.sealwax.mail.net;

import java.util.List;
import java.util.Map;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * What the guarded dialer may reach although it is special-use.
 *
 * @param allowTargets networks that names from the DNS may lead to: a test's loopback, an internal
 *     network whose MX records are trusted. Empty unless configured.
 */
@SettingTable(name = "deliver")
public record DialerSettings(
    @Setting(
            doc =
                "Special-use networks (loopback, private; RFC 6890) to which MX records and"
                    + " MTA-STS policy hosts may lead. Fixed next hops may lead anywhere.")
        List<Cidr> allowTargets) {
  /** Copies. */
  public DialerSettings {
    allowTargets = List.copyOf(allowTargets);
  }

  /** {@return nothing special-use at all} */
  public static DialerSettings defaults() {
    return SettingsRecord.defaults(DialerSettings.class, Map.of());
  }
}

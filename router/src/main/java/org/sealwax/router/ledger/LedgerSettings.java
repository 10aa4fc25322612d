package org.sealwax.router.ledger;

import java.time.Duration;
import java.util.Map;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * The evidence that makes a level, and the loss of a level.
 *
 * @param sessions counted sessions that a level needs
 * @param days distinct days (UTC) on which they were
 * @param perDay sessions counted per domain and day at most
 * @param resolutions separate look-ups of the MX set at least
 * @param hostDays distinct days on which each host of the MX set must have been seen
 * @param greetUnseen whether hosts that no delivery needs are greeted for that
 * @param hold how long every path must show less before that is accepted
 * @param regression whether it is accepted at all without the admin
 * @param decay a level that is not seen for so long falls away
 * @param domains rows at most
 */
@SettingTable(name = "ledger", purpose = "TLS history of domains.")
public record LedgerSettings(
    @Setting(fallback = "20", max = 10_000, doc = "Number of sessions that a level needs.")
        int sessions,
    @Setting(fallback = "7", max = 365, doc = "Number of distinct days with such sessions.")
        int days,
    @Setting(
            name = "sessions_per_day",
            fallback = "4",
            max = 10_000,
            doc = "Maximum number of sessions that count per domain and day.")
        int perDay,
    @Setting(
            fallback = "2",
            max = 1000,
            doc = "Minimum number of separate look-ups of the MX hosts.")
        int resolutions,
    @Setting(
            fallback = "2",
            max = 365,
            doc = "Number of distinct days on which each MX host must have been greeted.")
        int hostDays,
    @Setting(
            fallback = "true",
            doc =
                "Greet MX hosts that no delivery uses, without mail, when only they are missing for a level: only for domains with mail in the last day, at most 100 greetings a day.")
        boolean greetUnseen,
    @Setting(
            fallback = "2d",
            least = "1h",
            mostHalfOf = "queue.lifetime",
            doc =
                "Time for which every path to a domain must show less before the lower level is accepted; at most half of [queue] lifetime, also by default.")
        Duration hold,
    @Setting(
            fallback = "hold",
            doc =
                "Acceptance of a lower level. hold: when every path has shown it for the whole hold; ask: only by sealwax policy accept.")
        Regression regression,
    @Setting(fallback = "180d", doc = "Expiry of a level that is not seen again.") Duration decay,
    @Setting(
            fallback = "100000",
            max = MOST_DOMAINS,
            doc =
                "Maximum number of domains. When it is exceeded, domains without a level are removed first, domains with a level never.")
        int domains) {
  /** The treatment of a domain that shows less than it did. */
  public enum Regression {
    /** Accept it after the hold, when it is theirs. */
    HOLD,
    /** Wait for the admin's word. */
    ASK
  }

  /** Two days outlast a weekend's mishap and most attacks on a path; mail lives five. */
  public static final Duration DEFAULT_HOLD = Duration.ofDays(2);

  /** More than one server can need. */
  public static final int MOST_DOMAINS = 10_000_000;

  /** Checks what no key has by itself. */
  public LedgerSettings {
    InvalidSetting.because("a level would expire before its hold ends")
        .of("decay")
        .help("\"180d\" is usual")
        .throwIf(decay.compareTo(hold) <= 0);
  }

  /** The defaults of docs/policy.md. */
  public static LedgerSettings defaults() {
    return SettingsRecord.defaults(LedgerSettings.class, Map.of());
  }
}

package org.sealwax.router.ledger;

import java.time.Duration;
import java.util.Map;
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
@SettingTable(name = "ledger", purpose = "What domains have shown before.")
public record LedgerSettings(
    @Setting(fallback = "20", max = 10_000, doc = "Sessions that a level needs.") int sessions,
    @Setting(fallback = "7", max = 365, doc = "Distinct days on which they must have been.")
        int days,
    @Setting(
            name = "sessions_per_day",
            fallback = "4",
            max = 10_000,
            doc = "Sessions counted per domain and day at most.")
        int perDay,
    @Setting(fallback = "2", max = 1000, doc = "Separate look-ups of the MX hosts at least.")
        int resolutions,
    @Setting(
            fallback = "2",
            max = 365,
            doc =
                "Distinct days on which each MX host with an address must have been greeted for"
                    + " a level.")
        int hostDays,
    @Setting(
            fallback = "true",
            doc =
                "Greet MX hosts that no delivery needs, without mail, where they alone keep a"
                    + " domain from its level: only domains with mail in the last day, at"
                    + " most 100 greetings a day in all.")
        boolean greetUnseen,
    @Setting(
            example = "2d",
            least = "1h",
            doc =
                "How long every path to a domain must show less before that is accepted; at"
                    + " most half of [queue] lifetime. Left out: two days, or that half if it"
                    + " is less.")
        Duration hold,
    @Setting(
            fallback = "hold",
            doc =
                "A domain that has always shown TLS shows less. hold: accepted when every path"
                    + " has shown it for the whole hold; ask: only by sealwax policy accept.")
        Regression regression,
    @Setting(fallback = "180d", doc = "A level not seen again for so long falls away.")
        Duration decay,
    @Setting(
            fallback = "100000",
            max = MOST_DOMAINS,
            doc =
                "Domains remembered. When there are more, those without a level go first, and"
                    + " those with one never.")
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

  /** A shorter hold would end before the queue has tried often enough to know. */
  public static final Duration SHORTEST_HOLD = Duration.ofHours(1);

  /** More than one server can need. */
  public static final int MOST_DOMAINS = 10_000_000;

  /** Checks what no key has by itself. */
  public LedgerSettings {
    if (decay.compareTo(hold) <= 0) {
      throw new IllegalArgumentException("decay is longer than the hold");
    }
  }

  /** The defaults of docs/policy.md. */
  public static LedgerSettings defaults() {
    return SettingsRecord.defaults(LedgerSettings.class, Map.of("hold", DEFAULT_HOLD));
  }
}

package org.sealwax.router.queue;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * Settings of the queue; swapped whole on reload.
 *
 * @param schedule when to try again
 * @param deliveries rounds that run at the same time
 * @param deliveriesPerHop rounds toward one next hop at the same time, reached step by step
 * @param recipientsPerRound in one consignment
 * @param deadSiteFirst how long a next hop that does not answer is left alone at first
 * @param deadSiteMost how long at most; doubled from the first
 * @param loadedBytes contents just accepted that may stay in memory for their first round
 * @param returnedContent a failure notification carries the whole message up to this size, else its
 *     header
 * @param hostName our name, for notifications
 * @param postmaster recipient of the daily summary of held mail, or empty for none
 */
@SettingTable(name = "queue", purpose = "Retries and limits of the queue.")
public record QueueSettings(
    RetrySchedule schedule,
    @Setting(
            fallback = "100",
            max = 10_000,
            doc =
                "Maximum number of concurrent deliveries. Mail with the null sender uses at most an eighth, next hops that never answered a quarter, slow ones three eighths; a fifth is reserved for new mail to idle next hops.")
        int deliveries,
    @Setting(
            fallback = "20",
            max = 1000,
            doc =
                "Maximum number of concurrent deliveries to one next hop, reached step by step, and to one MX address.")
        int deliveriesPerHop,
    int recipientsPerRound,
    @Setting(
            fallback = "1m",
            doc = "First pause of a next hop that does not answer; doubled each time.")
        Duration deadSiteFirst,
    @Setting(fallback = "1h", doc = "Maximum pause.") Duration deadSiteMost,
    long loadedBytes,
    int returnedContent,
    Domain hostName,
    Optional<Mailbox> postmaster) {
  /** What a notification may carry at most, so that it stays a small message itself. */
  public static final int MOST_RETURNED = 100 * 1024;

  /** More recipients than a server must accept in one transaction (RFC 5321 4.5.3.1.8). */
  public static final int MOST_RECIPIENTS = 1000;

  /** Checks. */
  public QueueSettings {
    if (deliveries < 1 || deliveriesPerHop < 1 || loadedBytes < 0) {
      throw new IllegalArgumentException("too small");
    }
    if (recipientsPerRound < 1 || recipientsPerRound > MOST_RECIPIENTS) {
      throw new IllegalArgumentException("recipients per round: 1 to " + MOST_RECIPIENTS);
    }
    if (returnedContent < 0 || returnedContent > MOST_RETURNED) {
      throw new IllegalArgumentException("returned content: 0 to " + MOST_RETURNED);
    }
    InvalidSetting.because("dead_site_first is longer than dead_site_most")
        .of("dead_site_first")
        .help("the first wait is the shortest")
        .throwIf(deadSiteFirst.isNegative() || deadSiteFirst.compareTo(deadSiteMost) > 0);
  }

  /** Defaults of a host. */
  public static QueueSettings defaults(Domain hostName) {
    return SettingsRecord.defaults(
        QueueSettings.class,
        Map.of(
            "schedule",
            RetrySchedule.defaults(),
            "recipientsPerRound",
            100,
            "loadedBytes",
            16L << 20,
            "returnedContent",
            50 * 1024,
            "hostName",
            hostName,
            "postmaster",
            Optional.empty()));
  }
}

package org.sealwax.router.queue;

import java.time.Duration;
import java.util.Map;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.SettingsRecord;

/** Settings of which a test names only what matters to it. */
public final class TestQueueSettings {
  private TestQueueSettings() {}

  /** The defaults of a host. */
  public static QueueSettings defaults() {
    return QueueSettings.defaults(Domain.of("router.example"));
  }

  /** The same with one component changed. */
  public static QueueSettings with(QueueSettings settings, String component, Object value) {
    return SettingsRecord.with(settings, Map.of(component, value));
  }

  public static QueueSettings bounds(
      int deliveries, int perHop, Duration deadSiteFirst, Duration deadSiteMost) {
    return SettingsRecord.with(
        defaults(),
        Map.of(
            "deliveries",
            deliveries,
            "deliveriesPerHop",
            perHop,
            "deadSiteFirst",
            deadSiteFirst,
            "deadSiteMost",
            deadSiteMost));
  }
}

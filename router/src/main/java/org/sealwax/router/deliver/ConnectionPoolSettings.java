package org.sealwax.router.deliver;

import java.time.Duration;
import java.util.Map;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * Limits for the reuse of connections.
 *
 * @param perHost idle connections kept for one host under one requirement; 0 switches reuse off
 * @param total idle connections kept in all
 * @param idle how long one waits for its next message; far below the 5 minutes after which servers
 *     may close (RFC 5321 4.5.3.2.7), since it costs the server a slot
 * @param messages transactions on one connection; below the limits of the big receivers
 * @param age of a connection, after which it is not used again
 */
public record ConnectionPoolSettings(
    int perHost,
    int total,
    Duration idle,
    @Setting(
            name = "messages_per_connection",
            fallback = "100",
            max = 10_000,
            doc = "Maximum number of messages per connection.")
        int messages,
    Duration age) {
  /** Checks ranges. A connection that carries one message only is never used again. */
  public ConnectionPoolSettings {
    perHost = messages == 1 ? 0 : perHost;
    if (perHost < 0 || total < 0 || messages < 1 || !idle.isPositive() || !age.isPositive()) {
      throw new IllegalArgumentException("counts and times are positive");
    }
  }

  /** 20 per host, 200 in all, 5 seconds idle, 100 messages, 5 minutes. */
  public static ConnectionPoolSettings defaults() {
    return SettingsRecord.defaults(
        ConnectionPoolSettings.class,
        Map.of(
            "perHost",
            20,
            "total",
            200,
            "idle",
            Duration.ofSeconds(5),
            "age",
            Duration.ofMinutes(5)));
  }
}

package org.sealwax.router.receive;

import java.time.Duration;
import java.time.ZoneId;
import java.util.Map;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * Settings that all listeners share.
 *
 * @param sessions at a time, all listeners and clients together
 * @param host our name: greeting, EHLO, Received
 * @param size bytes of a message at most (SIZE, RFC 1870)
 * @param recipients in one transaction at most; RFC 5321 4.5.3.1.8 requires at least 100 (RCPTMAX,
 *     RFC 9422)
 * @param messages in one session at most (MAILMAX, RFC 9422): a session that never ends keeps its
 *     client from being judged again
 * @param hops Received fields at most; more is a loop. RFC 5321 section 6.3 requires at least 100
 * @param authFailures failed AUTH in one session before it ends: guessing costs a connection each
 * @param looksUpNames whether the client's name is looked up for Received (never for loopback)
 * @param nameWait how long a finished message waits for that name at most, counted from the
 *     connection
 * @param honoursUntrustedTlsRequiredNo whether {@code TLS-Required: No} (RFC 8689 3) counts also in
 *     mail to addresses that we forward, from untrusted clients; from clients that may relay it
 *     always counts
 * @param zone time zone of the Received field
 */
@SettingTable(name = "limits", purpose = "Limits for clients.")
public record ReceiveSettings(
    @Setting(
            fallback = "2000",
            restart = true,
            doc =
                "Maximum number of concurrent sessions of all listeners; each listener has a reserve of one twentieth.")
        int sessions,
    Domain host,
    @Setting(name = "message_size", fallback = "64MB", least = "1KB", doc = "Maximum message size.")
        long size,
    @Setting(
            fallback = "1000",
            min = 100,
            max = 100_000,
            doc = "Maximum number of recipients of one message (RFC 5321 4.5.3.1.8: at least 100).")
        int recipients,
    int messages,
    @Setting(
            fallback = "100",
            min = 10,
            max = 1000,
            doc = "Maximum number of Received fields; more indicate a mail loop (RFC 5321 6.3).")
        int hops,
    int authFailures,
    boolean looksUpNames,
    Duration nameWait,
    boolean honoursUntrustedTlsRequiredNo,
    ZoneId zone) {
  /** 64 MiB a message, and names looked up without being waited for beyond 2 seconds. */
  public static ReceiveSettings defaults(Domain host) {
    return SettingsRecord.defaults(
        ReceiveSettings.class,
        Map.of(
            "host",
            host,
            "messages",
            1_000,
            "authFailures",
            3,
            "looksUpNames",
            true,
            "nameWait",
            Duration.ofSeconds(2),
            "honoursUntrustedTlsRequiredNo",
            false,
            "zone",
            ZoneId.systemDefault()));
  }
}

package org.sealwax.router.milter;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * One filter of the configuration.
 *
 * @param socket its Unix socket, or empty
 * @param address its address, or empty
 * @param onFailure what follows for mail when the filter fails
 * @param connectTimeout for the connection, with the wait for a free one
 * @param commandTimeout for the answer to one command
 * @param contentTimeout for the answer after the message
 * @param connections at a time, of all sessions
 */
@SettingTable(
    name = "milter",
    rows = true,
    oneOf = {"socket", "address"},
    purpose =
        "Mail filter with the milter protocol, for example rspamd. Filters see all mail from listeners and local programs, in the order of their rows, before it is accepted.")
public record MilterSettings(
    @Setting(
            example = "/run/rspamd/milter.sock",
            created = true,
            doc = "Unix socket of the filter.")
        Optional<Path> socket,
    @Setting(
            doc =
                "Address and port of the filter. The connection is not encrypted: use loopback or a protected network.")
        Optional<InetSocketAddress> address,
    @Setting(
            fallback = "defer",
            doc =
                "Reaction to a filter that fails, is late or violates the protocol. defer: reply 451; accept: continue without this filter.")
        OnFailure onFailure,
    @Setting(
            fallback = "10s",
            least = "1s",
            most = "5m",
            doc = "Time limit for a connection to the filter.")
        Duration connectTimeout,
    @Setting(
            fallback = "30s",
            least = "1s",
            most = "5m",
            doc = "Time limit for the answer to one command.")
        Duration commandTimeout,
    @Setting(
            fallback = "5m",
            least = "1s",
            most = "8m",
            doc =
                "Time limit for the answer after the message; all filters together have 8 minutes.")
        Duration contentTimeout,
    @Setting(
            fallback = "100",
            max = 10_000,
            doc = "Maximum number of concurrent connections to the filter.")
        int connections) {
  /** What follows when a filter fails. */
  public enum OnFailure {
    /** A temporary refusal. */
    DEFER,
    /** The filter is passed over. */
    ACCEPT
  }

  /** For logs and metrics. */
  String label() {
    return socket
        .map(Path::toString)
        .or(() -> address.map(a -> AddressText.of(a.getAddress()) + ":" + a.getPort()))
        .orElse("");
  }
}

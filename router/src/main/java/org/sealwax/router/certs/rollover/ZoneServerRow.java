package org.sealwax.router.certs.rollover;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.update.TsigKey;
import org.sealwax.mail.dns.update.UpdateClient;
import org.sealwax.mail.dns.update.UpdateResult;
import org.sealwax.mail.dns.update.ZoneUpdate;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [[dns_update]]}: where the records of a zone can be changed.
 *
 * @param zone its apex
 * @param server its primary server
 * @param key file with a TSIG key
 * @param timeout of one update
 */
@SettingTable(
    name = "dns_update",
    rows = true,
    purpose =
        "Zone whose records this server may change by dynamic updates (RFC 2136), signed by TSIG. Without a row for a zone, the records are printed for the admin.")
public record ZoneServerRow(
    @Setting(
            example = "project.example",
            required = true,
            unique = true,
            restart = true,
            doc = "Zone.")
        Domain zone,
    @Setting(
            example = "192.0.2.53:53",
            required = true,
            restart = true,
            doc = "Address and port of the primary name server of the zone.")
        InetSocketAddress server,
    @Setting(
            example = "/etc/sealwax/update.key",
            required = true,
            restart = true,
            doc =
                "File with the TSIG key, as tsig-keygen or keymgr -t prints it: hmac-sha256, hmac-sha384 or hmac-sha512.")
        Path key,
    @Setting(fallback = "10s", least = "1s", restart = true, doc = "Timeout of one update.")
        Duration timeout) {
  /**
   * {@return the row of the zone that a name is in; the closest of several}
   *
   * @param rows of the configuration
   * @param owner the name
   */
  public static Optional<ZoneServerRow> of(List<ZoneServerRow> rows, Domain owner) {
    return rows.stream()
        .filter(row -> owner.equals(row.zone) || owner.isBelow(row.zone))
        .max(Comparator.comparingInt(row -> row.zone.name().length()));
  }

  /**
   * Sends an update to the primary server.
   *
   * @param update of this zone
   * @param clock the civil time
   * @param random for message identifiers
   * @return its result
   * @throws IOException when the key cannot be read
   */
  public UpdateResult send(ZoneUpdate update, Clock clock, RandomSource random) throws IOException {
    return new UpdateClient(server, TsigKey.read(key), timeout, clock, random).send(update);
  }
}

package org.sealwax.router.certs.rollover;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [rollover]}: replacement of the key of the server's certificate.
 *
 * @param enabled whether keys can be replaced
 * @param names names with TLSA records; empty: that of port 25 of the host name
 * @param keepOld least time from the use of a new key to the removal of the old record
 * @param every time from one rollover to the next; empty: only by command
 * @param servers which addresses of the name servers are asked
 */
@SettingTable(
    name = "rollover",
    purpose =
        "Replacement of the key of the server's certificate while senders verify it by DANE: sealwax rollover.")
public record RolloverSettings(
    @Setting(
            fallback = "false",
            restart = true,
            doc = "Permit rollovers: by sealwax rollover start, or by the schedule.")
        boolean enabled,
    @Setting(
            example = "_25._tcp.mx.project.example",
            restart = true,
            doc =
                "Names with TLSA records for the certificate of this host. Default: _25._tcp before the host name.")
        List<Domain> names,
    @Setting(
            fallback = "7d",
            restart = true,
            doc =
                "Minimum time for which the record of the old key stays after the new key is in use: as long as a backup of the state folder may be restored.")
        Duration keepOld,
    @Setting(
            example = "365d",
            least = "30d",
            restart = true,
            doc = "Time from one rollover to the next. Default: only by command.")
        Optional<Duration> every,
    @Setting(
            fallback = "all",
            restart = true,
            doc =
                "Addresses of the name servers that must show a record. all: IPv4 and IPv6; ipv4: for a machine without IPv6; ipv6: for one without IPv4.")
        ServerAddresses servers) {
  /** Names with TLSA records at most. */
  public static final int MAX_NAMES = 50;

  /** Which addresses. */
  public enum ServerAddresses {
    /** Both. */
    ALL,
    /** Only IPv4. */
    IPV4,
    /** Only IPv6. */
    IPV6;

    boolean include(InetAddress address) {
      int length = this == IPV4 ? 4 : 16;
      return this == ALL || address.getAddress().length == length;
    }
  }

  /** Copies, and checks the number. */
  public RolloverSettings {
    names = List.copyOf(names);
    if (names.size() > MAX_NAMES) {
      throw new IllegalArgumentException("more than " + MAX_NAMES + " names");
    }
  }

  /**
   * {@return the names with TLSA records}
   *
   * @param host the host name
   */
  public List<Domain> owners(Domain host) {
    return names.isEmpty() ? List.of(Domain.of("_25._tcp." + host)) : names;
  }
}

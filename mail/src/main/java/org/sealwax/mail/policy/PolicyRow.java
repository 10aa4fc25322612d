package org.sealwax.mail.policy;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;

/**
 * One {@code [[policy]]} row: the admin's requirement for a domain, everything below a parent, an
 * MX host or a fixed next hop.
 *
 * @param pattern matched against the next hop, where it replaces the default level, and against MX
 *     hosts, where it can only raise: an MX record belongs to the recipient's domain and may be
 *     forged
 * @param level the TLS level
 * @param pins keys, for {@link TlsLevel#FINGERPRINT} only
 * @param names reference names instead of the level's own, for {@link TlsLevel#VERIFY} and {@link
 *     TlsLevel#SECURE} only
 * @param floor lowest protocol version, or null for the default floor
 * @param ca name of the roots that count, or null for the public ones
 * @param serverName SNI to send instead of the host's name, or null
 * @param clientCertificate whether our certificate is shown when the host asks
 * @param note why the row is there
 * @param owner the person responsible for it
 * @param expires when it stops counting, or null
 * @param override whether it may lower what other sources demand; needs owner, note and expiry
 */
@SettingTable(name = "policy", rows = true, purpose = "Required TLS level for a destination.")
public record PolicyRow(
    @Setting(name = "domain", example = ".example.org", required = true, doc = "Destination.")
        DomainPattern pattern,
    @Setting(
            except = {"sts", "dane"},
            fallback = "may",
            doc = "Required TLS level, as named by Postfix.")
        TlsLevel level,
    @Setting(doc = "Public keys; the server must have one of them.") Set<Pin> pins,
    @Setting(doc = "Names; the certificate must contain one of them.") List<Domain> names,
    @Setting(example = "1.3", doc = "Lowest TLS version. Default: [deliver] floor.")
        @Nullable TlsVersion floor,
    @Setting(
            file = true,
            example = "/etc/sealwax/ca.pem",
            doc = "Certificate of the only CA that is trusted there, in PEM.")
        @Nullable String ca,
    @Setting(
            name = "servername",
            example = "mx.example.org",
            doc = "Server name (SNI) instead of the host's name.")
        @Nullable Domain serverName,
    @Setting(fallback = "true", doc = "Send the client certificate on request.")
        boolean clientCertificate,
    @Setting(fallback = "", doc = "Reason for the entry.") String note,
    @Setting(fallback = "", doc = "Person responsible for the entry.") String owner,
    @Setting(example = "2027-01-31", doc = "Day from which the entry is ignored.")
        @Nullable Instant expires,
    @Setting(
            fallback = "false",
            doc =
                "Allow the entry to lower the requirement of other sources; needs note, owner and expires.")
        boolean override) {
  /**
   * Copies and checks.
   *
   * @throws IllegalArgumentException with one sentence when the parts contradict each other
   */
  public PolicyRow {
    pins = Set.copyOf(pins);
    names = List.copyOf(names);
    if ((level == TlsLevel.FINGERPRINT) == pins.isEmpty()) {
      throw new IllegalArgumentException("pins and the level fingerprint belong together");
    }
    if (!names.isEmpty() && level != TlsLevel.VERIFY && level != TlsLevel.SECURE) {
      throw new IllegalArgumentException("names need the level verify or secure");
    }
    if (ca != null && level != TlsLevel.VERIFY && level != TlsLevel.SECURE) {
      throw new IllegalArgumentException("a CA needs the level verify or secure");
    }
    if (override && (note.isBlank() || owner.isBlank() || expires == null)) {
      throw new IllegalArgumentException("override needs an owner, a note and an expiry date");
    }
  }

  /**
   * {@return a row with a level and nothing else}
   *
   * @param pattern the domains that the row covers
   * @param level the TLS level
   */
  public static PolicyRow of(DomainPattern pattern, TlsLevel level) {
    return of(pattern, level, Set.of(), List.of());
  }

  /**
   * {@return a row that demands an identity}
   *
   * @param pattern the domains that the row covers
   * @param level the TLS level
   * @param pins the keys, any one is enough
   * @param names the names, any one is enough
   */
  public static PolicyRow of(
      DomainPattern pattern, TlsLevel level, Set<Pin> pins, List<Domain> names) {
    return new PolicyRow(pattern, level, pins, names, null, null, null, true, "", "", null, false);
  }

  /**
   * {@return a row of level fingerprint}
   *
   * @param pattern the domains that the row covers
   * @param pins the keys, any one is enough
   */
  public static PolicyRow pinned(DomainPattern pattern, Set<Pin> pins) {
    return of(pattern, TlsLevel.FINGERPRINT, pins, List.of());
  }

  /**
   * {@return whether the row counts at {@code now}}
   *
   * @param now the current time
   */
  public boolean isInForce(Instant now) {
    return expires == null || now.isBefore(expires);
  }
}

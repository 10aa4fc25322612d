package org.sealwax.router.deliver;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.smtp.session.SmtpTimeouts;

/**
 * Settings for outgoing mail.
 *
 * @param ehlo our name in EHLO: a domain, or an address literal with brackets
 * @param ownNames names this router answers to; in an MX list they cut it
 * @param ownEndpoints addresses and ports this router listens on; an MX host there is a loop
 * @param mxPort the port of MX hosts: 25, except in a closed network
 * @param ipv4 whether IPv4 is used
 * @param ipv6 whether IPv6 is used
 * @param bind4 local address for IPv4, or null
 * @param bind6 local address for IPv6, or null
 * @param stagger time that one address has before the next is tried in parallel (RFC 8305 section
 *     5: 250 ms)
 * @param times how long to wait for what
 * @param pool use of connections again
 * @param hybrid whether the post-quantum hybrid is offered
 * @param tickets whether sessions are resumed
 * @param clientCertificate whether our certificate is shown when asked for, where no row has its
 *     own
 * @param hold how long broken TLS keeps mail from plaintext
 * @param level default where no row has its own
 * @param floors lowest TLS version, where no row has its own
 * @param rows policy by destination
 * @param routes configured next hops, by name
 */
@SettingTable(name = "deliver", purpose = "Delivery by SMTP.")
public record DeliverySettings(
    String ehlo,
    Set<Domain> ownNames,
    Set<InetSocketAddress> ownEndpoints,
    @Setting(fallback = "25", max = 65_535, doc = "Port of MX hosts; other than 25 in tests only.")
        int mxPort,
    @Setting(fallback = "true", doc = "Use IPv4.") boolean ipv4,
    @Setting(fallback = "true", doc = "Use IPv6.") boolean ipv6,
    @Setting(name = "bind_ipv4", example = "192.0.2.1", doc = "Local IPv4 address.")
        @Nullable InetAddress bind4,
    @Setting(name = "bind_ipv6", example = "2001:db8::1", doc = "Local IPv6 address.")
        @Nullable InetAddress bind6,
    Duration stagger,
    SmtpTimeouts times,
    ConnectionPoolSettings pool,
    @Setting(
            name = "post_quantum",
            fallback = "true",
            doc = "Offer the key exchange X25519MLKEM768.")
        boolean hybrid,
    @Setting(name = "resumption", fallback = "true", doc = "Resume TLS sessions.") boolean tickets,
    boolean clientCertificate,
    @Setting(
            fallback = "30m",
            doc =
                "Hold time before plaintext when TLS is offered but fails, where plaintext is allowed.")
        Duration hold,
    @Setting(
            except = {"fingerprint", "sts", "dane"},
            fallback = "may",
            doc = "Required TLS level where no policy entry applies.")
        TlsLevel level,
    TlsFloors floors,
    List<PolicyRow> rows,
    Map<String, RouteSettings> routes) {
  /** Copies and checks. */
  public DeliverySettings {
    ownNames = Set.copyOf(ownNames);
    ownEndpoints = Set.copyOf(ownEndpoints);
    rows = List.copyOf(rows);
    routes = Map.copyOf(routes);
    InvalidSetting.because("without IPv4 and IPv6 no mail can be delivered")
        .of("ipv6")
        .help("allow one of them")
        .throwIf(!ipv4 && !ipv6);
    if (mxPort < 1 || mxPort > 65_535 || stagger.isNegative()) {
      throw new IllegalArgumentException("port 1 to 65535, stagger not negative");
    }
    if (ehlo.isEmpty() || !ehlo.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new IllegalArgumentException("EHLO takes one ASCII word");
    }
  }

  /** Opportunistic TLS by MX, both families, the RFC's times, a hold of 30 minutes. */
  public static DeliverySettings defaults(Domain hostName) {
    return SettingsRecord.defaults(
        DeliverySettings.class,
        Map.of(
            "ehlo",
            hostName.name(),
            "ownNames",
            Set.of(hostName),
            "ownEndpoints",
            Set.of(),
            "stagger",
            Duration.ofMillis(250),
            "times",
            SmtpTimeouts.defaults(),
            "pool",
            ConnectionPoolSettings.defaults(),
            "clientCertificate",
            true,
            "rows",
            List.of(),
            "routes",
            Map.of()));
  }

  /** The fallback steps that these settings leave. */
  public FallbackLadder ladder() {
    return FallbackLadder.of(hybrid, tickets || clientCertificate, hold);
  }
}

package org.sealwax.mail.dns;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * Settings of the DNS resolver.
 *
 * @param resolvers recursive resolvers, tried in this order; empty: the name servers of {@code
 *     /etc/resolv.conf}
 * @param anchors trust anchors, each a DS or DNSKEY record in presentation form with its owner name
 *     ({@code . IN DS 20326 8 2 e06d…}); empty: the root keys that come with this release
 * @param validation where answers are validated
 * @param timeout of one try at one resolver; positive
 * @param total for one question with everything it needs (aliases, keys, retries); positive
 * @param cacheEntries answers kept, of about 512 bytes each (large ones count for several); at
 *     least 1
 * @param concurrent concurrent questions; more wait within their total; at least 1
 * @param negativeAnchors zones that are treated as unsigned for a while (RFC 7646)
 */
@SettingTable(name = "dns", purpose = "DNS resolvers and validation.")
public record DnsSettings(
    @Setting(
            restart = true,
            doc = "Recursive resolvers, in order of use. Empty: those of /etc/resolv.conf.")
        List<InetSocketAddress> resolvers,
    @Setting(restart = true, doc = "Trust anchors as DS or DNSKEY records. Empty: the root's.")
        List<String> anchors,
    @Setting(
            fallback = "own",
            restart = true,
            doc =
                "DNSSEC validation. own: by this program; trust-ad: by a resolver on"
                    + " loopback, whose AD bit is trusted; off: none, so DANE never applies.")
        Validation validation,
    @Setting(
            fallback = "2s",
            least = "1s",
            restart = true,
            doc = "Timeout of one query to one resolver.")
        Duration timeout,
    @Setting(
            fallback = "10s",
            least = "1s",
            restart = true,
            doc = "Timeout of one look-up with all its queries.")
        Duration total,
    @Setting(
            name = "cache",
            fallback = "20000",
            max = 10_000_000,
            restart = true,
            doc = "Maximum number of cached answers.")
        int cacheEntries,
    @Setting(
            fallback = "256",
            max = 10_000,
            restart = true,
            doc = "Maximum number of concurrent look-ups.")
        int concurrent,
    List<NegativeTrustAnchor> negativeAnchors) {
  /** The party that checks DNSSEC signatures. */
  public enum Validation {
    /** This process, against {@link DnsSettings#anchors}. */
    OWN,
    /**
     * A validating resolver on this very machine, whose AD bit is trusted. Refused for a resolver
     * that is not on a loopback address: an attacker on the path could set the bit.
     */
    TRUST_AD,
    /**
     * No validation: for closed networks whose DNS is neither signed nor under the root. Every
     * answer is INSECURE at most, so DANE never applies.
     */
    OFF
  }

  /** Checks ranges, and that the AD bit is trusted from loopback only. */
  public DnsSettings {
    resolvers = List.copyOf(resolvers);
    anchors = List.copyOf(anchors);
    negativeAnchors = List.copyOf(negativeAnchors);
    if (!timeout.isPositive() || !total.isPositive() || cacheEntries < 1 || concurrent < 1) {
      throw new IllegalArgumentException("times and counts are positive");
    }
    InvalidSetting.because(
            "the AD bit of a resolver that is not on loopback can be forged on the network")
        .of("validation")
        .help("use validation = \"own\"")
        .throwIf(
            validation == Validation.TRUST_AD
                && resolvers.stream()
                    .anyMatch(r -> r.isUnresolved() || !r.getAddress().isLoopbackAddress()));
  }

  /** {@return the system's resolvers, own validation against the root, 10 seconds for an answer} */
  public static DnsSettings defaults() {
    return SettingsRecord.defaults(DnsSettings.class, Map.of("negativeAnchors", List.of()));
  }

  /**
   * {@return the same with other resolvers}
   *
   * @param others recursive resolvers, in the order to try them
   */
  public DnsSettings withResolvers(List<InetSocketAddress> others) {
    return SettingsRecord.with(this, Map.of("resolvers", others));
  }

  /**
   * {@return the same with other trust anchors}
   *
   * @param others DS or DNSKEY records in presentation form
   */
  public DnsSettings withAnchors(List<String> others) {
    return SettingsRecord.with(this, Map.of("anchors", others));
  }

  /**
   * {@return the same with another validation}
   *
   * @param other the new value
   */
  public DnsSettings withValidation(Validation other) {
    return SettingsRecord.with(this, Map.of("validation", other));
  }

  /**
   * {@return the same with another number of answers kept}
   *
   * @param other the new value
   */
  public DnsSettings withCacheEntries(int other) {
    return SettingsRecord.with(this, Map.of("cacheEntries", other));
  }

  /**
   * {@return the same with another time for one try}
   *
   * @param other for one try at one resolver; positive
   */
  public DnsSettings withTimeout(Duration other) {
    return SettingsRecord.with(this, Map.of("timeout", other));
  }

  /**
   * {@return the same with another time in all}
   *
   * @param other for one question with everything it needs; positive
   */
  public DnsSettings withTotal(Duration other) {
    return SettingsRecord.with(this, Map.of("total", other));
  }
}

package org.sealwax.router.config;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;

/** Keys of {@code [lab]}: the public lab, which is another process than the router. */
final class LabKeys {
  private static final int MAX_PORT = 65_535;

  static final SettingKey<Domain> ZONE =
      SettingKey.required(
          "zone",
          SettingType.DOMAIN,
          "The zone that is delegated to this machine. The pages are at this name.",
          "\"lab.example\"");
  static final SettingKey<List<Domain>> NAME_SERVERS =
      SettingKey.optional(
          "name_servers",
          SettingType.listOf(SettingType.DOMAIN),
          "The name servers of the zone as the parent has them; those within the zone get the"
              + " addresses below. Left out: ns1 below the zone.",
          "[\"ns1.lab.example\"]");
  static final SettingKey<List<InetAddress>> ADDRESSES =
      SettingKey.required(
          "addresses",
          SettingType.listOf(SettingType.ADDRESS),
          "Addresses of this machine for DNS, the pages, the policy hosts, and for bounces and"
              + " reports that come back.",
          "[\"192.0.2.53\", \"2001:db8::53\"]");
  static final SettingKey<List<Cidr>> TRAPS =
      SettingKey.required(
          "traps",
          SettingType.listOf(SettingType.NETWORK),
          "Networks that are routed to this machine, for the traps, which have an address each: one"
              + " of IPv6 (a /64), and as many IPv4 addresses as there are. Nothing else may be at"
              + " them.",
          "[\"2001:db8:25::/64\", \"192.0.2.64/28\"]");
  static final SettingKey<Integer> DNS_PORT = port("dns_port", "53", "DNS");
  static final SettingKey<Integer> SMTP_PORT = port("smtp_port", "25", "SMTP");
  static final SettingKey<Integer> HTTPS_PORT = port("https_port", "443", "HTTPS");
  static final SettingKey<Integer> SCALE =
      SettingKey.of(
          "scale",
          SettingType.count(1, 1_000),
          "5",
          "By how much long times are divided: five minutes of greylisting are one with 5.");
  static final SettingKey<Integer> TOKENS =
      SettingKey.of(
          "tokens",
          SettingType.count(1, 400),
          "40",
          "Tokens at once. Each has some 300 sockets and up to 6 MB of evidence.");
  static final SettingKey<Integer> TOKENS_EACH =
      SettingKey.of(
          "tokens_per_network",
          SettingType.count(1, 100),
          "3",
          "Of these, for one network (/24, or /56 of IPv6).");
  static final SettingKey<Duration> LIFE =
      SettingKey.of(
          "token_life",
          SettingType.DURATION,
          "\"4h\"",
          "How long a token lives; then all that was seen is gone.");
  static final SettingKey<Integer> CONNECTIONS =
      SettingKey.of(
          "connections_per_source",
          SettingType.count(1, 4_000),
          "300",
          "Connections at once from one address (/64 of IPv6), mail and HTTPS together.");
  static final SettingKey<Integer> CONNECTIONS_PER_MINUTE =
      SettingKey.of(
          "connections_per_minute",
          SettingType.count(1, 1_000_000),
          "1200",
          "Connections from one address (/64 of IPv6) in a minute.");
  static final SettingKey<Integer> DNS_RATE =
      SettingKey.of(
          "dns_rate",
          SettingType.count(1, 100_000),
          "100",
          "DNS answers a second over UDP to one network (/24, or /56 of IPv6) that shows no cookie;"
              + " ten times as many to one that does, and by TCP.");

  static final ConfigurationTable TABLE =
      ConfigurationTable.singleTable(
          "lab",
          "The public lab of sealwax lab serve, a process of its own; the router does not look at"
              + " this. Its pages have the certificate of [identity], its keys are in the folder"
              + " lab of the state folder.",
          ZONE,
          NAME_SERVERS,
          ADDRESSES,
          TRAPS,
          DNS_PORT,
          SMTP_PORT,
          HTTPS_PORT,
          SCALE,
          TOKENS,
          TOKENS_EACH,
          LIFE,
          CONNECTIONS,
          CONNECTIONS_PER_MINUTE,
          DNS_RATE);

  private LabKeys() {}

  private static SettingKey<Integer> port(String name, String usual, String what) {
    return SettingKey.of(
        name,
        SettingType.count(1, MAX_PORT),
        usual,
        "The port of " + what + "; another one is for trying things out.");
  }
}

package org.sealwax.router.config;

import java.net.Inet4Address;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;

/** From {@code [lab]} to what the public lab is started with. */
final class LabSettingsMapping {
  /** A token borrows some 300 addresses at random; a smaller network would be found by counting. */
  private static final int LONGEST_V6 = 96;

  /** As many IPv4 addresses as a pool holds. */
  private static final int SHORTEST_V4 = 16;

  private final ConfigurationReader reader;

  LabSettingsMapping(ConfigurationReader reader) {
    this.reader = reader;
  }

  /** Empty when the file has no such table, or one with errors, which are reported then. */
  Optional<PublicLab> settings() {
    Section lab = reader.section(LabKeys.TABLE);
    if (!lab.present()) {
      return Optional.empty();
    }
    String zone = lab.get(LabKeys.ZONE).name();
    List<Cidr> traps = lab.get(LabKeys.TRAPS);
    List<Cidr> v4 = traps.stream().filter(LabSettingsMapping::isV4).toList();
    List<Cidr> v6 = traps.stream().filter(n -> !isV4(n)).toList();
    if (traps.isEmpty()) {
      error(lab, LabKeys.TRAPS, "there must be a network for the traps", "a /64 of IPv6 does");
    }
    if (v6.size() > 1) {
      error(lab, LabKeys.TRAPS, "there are two networks of IPv6", "one is enough for all tokens");
    }
    if (v6.stream().anyMatch(n -> n.prefix() > LONGEST_V6)
        || v4.stream().anyMatch(n -> n.prefix() < SHORTEST_V4)) {
      error(
          lab,
          LabKeys.TRAPS,
          "a network of IPv6 has a prefix of 96 at most, one of IPv4 of 16 at least",
          "a /64 of IPv6, and single addresses or a /28 of IPv4, are usual");
    }
    if (lab.get(LabKeys.ADDRESSES).isEmpty()) {
      error(lab, LabKeys.ADDRESSES, "there must be an address", "name those of this machine");
    }
    if (traps.stream().anyMatch(n -> lab.get(LabKeys.ADDRESSES).stream().anyMatch(n::contains))) {
      error(
          lab,
          LabKeys.TRAPS,
          "an address of the lab itself is in a network of its traps",
          "keep them apart: traps take ports of every address that they borrow");
    }
    if (!lab.get(LabKeys.LIFE).isPositive()) {
      error(lab, LabKeys.LIFE, "a token must live for a while", "some hours are usual");
    }
    if (reader.broken()) {
      return Optional.empty();
    }
    List<String> servers =
        lab.find(LabKeys.NAME_SERVERS)
            .filter(l -> !l.isEmpty())
            .map(l -> l.stream().map(Domain::name).toList())
            .orElse(List.of("ns1." + zone));
    return Optional.of(
        new PublicLab(
            zone,
            servers,
            lab.get(LabKeys.ADDRESSES),
            v4,
            v6.stream().findFirst(),
            lab.get(LabKeys.DNS_PORT),
            lab.get(LabKeys.SMTP_PORT),
            lab.get(LabKeys.HTTPS_PORT),
            lab.get(LabKeys.SCALE),
            lab.get(LabKeys.TOKENS),
            lab.get(LabKeys.TOKENS_EACH),
            lab.get(LabKeys.LIFE),
            lab.get(LabKeys.CONNECTIONS),
            lab.get(LabKeys.CONNECTIONS_PER_MINUTE),
            lab.get(LabKeys.DNS_RATE)));
  }

  private static boolean isV4(Cidr network) {
    return network.network() instanceof Inet4Address;
  }

  private void error(Section section, SettingKey<?> key, String text, String help) {
    reader.add(reader.about(true, section, key, text).help(help));
  }
}

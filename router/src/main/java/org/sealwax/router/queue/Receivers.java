package org.sealwax.router.queue;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;

/**
 * Names of the organisations that receive mail, by the domain of their hosts: many domains have
 * their mail at one of them, and its rules are about all of our mail to it.
 */
final class Receivers {
  private static final PublicSuffixList SUFFIXES = PublicSuffixList.bundled();

  /** Domains of hosts in MX records, and the name that an admin knows. */
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("google.com", "Gmail"),
          Map.entry("googlemail.com", "Gmail"),
          Map.entry("outlook.com", "Microsoft"),
          Map.entry("yahoodns.net", "Yahoo"),
          Map.entry("icloud.com", "Apple"),
          Map.entry("apple.com", "Apple"),
          Map.entry("gmx.net", "GMX"),
          Map.entry("web.de", "WEB.DE"),
          Map.entry("pphosted.com", "Proofpoint"),
          Map.entry("ppe-hosted.com", "Proofpoint"),
          Map.entry("mimecast.com", "Mimecast"),
          Map.entry("messagingengine.com", "Fastmail"));

  private Receivers() {}

  /**
   * The organisation of a host: a name, or the registrable domain of the host.
   *
   * @param host that replied, as causes name it ({@code mx.example.org[192.0.2.1]:25}), or null
   * @param domain of the recipient, where the host has no name
   */
  static String of(@Nullable String host, String domain) {
    return Domain.parse(host == null ? "" : host.split("\\[", 2)[0])
        // An address in the place of a name has no organisation.
        .filter(name -> !Character.isDigit(name.name().charAt(name.name().length() - 1)))
        .flatMap(SUFFIXES::registrable)
        .map(found -> NAMES.getOrDefault(found.name(), found.name()))
        .orElse(domain);
  }
}

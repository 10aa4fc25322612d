package org.sealwax.router.certs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.verdict.CertificateName;
import org.sealwax.mail.tls.verdict.NameCheck;

/**
 * One certificate of this server: the server names that select it, and where its pair comes from.
 *
 * @param names names that clients ask for (SNI); empty: the DNS names of the certificate
 * @param sources of the pair, at least one: the first that has a pair counts, so that a self-signed
 *     pair can be used until another one is issued
 */
public record CertificateSlot(List<CertificateName> names, List<PairSource> sources) {
  /** Copies. */
  public CertificateSlot {
    names = List.copyOf(names);
    sources = List.copyOf(sources);
  }

  /** {@return the slot whose certificate a client gets that asks for {@code host}} */
  static CertificateSlot select(List<CertificateSlot> slots, Domain host) {
    List<CertificateSlot> named = slots.subList(1, slots.size());
    String name = host.name();
    String wildcard = "*" + name.substring(Math.max(name.indexOf('.'), 0));
    for (String wanted : List.of(name, wildcard)) {
      for (CertificateSlot slot : named) {
        if (slot.names.stream().anyMatch(n -> n.text().equalsIgnoreCase(wanted))) {
          return slot;
        }
      }
    }
    return slots.getFirst();
  }

  /** {@return the first server name, or that of the source: for logs, status and files} */
  public String name() {
    return names.isEmpty() ? source().name() : names.getFirst().text();
  }

  /** {@return the domain of the first server name; a wildcard is shown as what it is below} */
  Domain subject() {
    String name = name();
    return Domain.parse(name.startsWith("*.") ? name.substring(2) : name)
        .orElse(Domain.of("certificate.invalid"));
  }

  /** {@return the source that counts now} */
  PairSource source() {
    return sources.stream()
        .filter(source -> !source.stamp().equals(PairSource.NONE))
        .findFirst()
        .orElseGet(sources::getLast);
  }

  /**
   * {@return the slots of a configuration; the first is for the host name and for all names that no
   * other slot has}
   *
   * @param settings files, or none
   * @param clock source of the current time
   * @param random source of the self-signed key
   */
  public static List<CertificateSlot> of(
      IdentitySettings settings, Clock clock, RandomSource random) {
    List<CertificateSlot> slots = new ArrayList<>();
    IdentitySettings.CertificatePair pair = settings.pair();
    List<CertificateName> host = List.of(new CertificateName(settings.hostName().name()));
    slots.add(
        new CertificateSlot(
            host,
            List.of(
                pair == null ? new SelfSignedPair(settings, clock, random) : new PairFiles(pair))));
    for (IdentitySettings.NamedPair named : settings.named()) {
      slots.add(new CertificateSlot(named.names(), List.of(new PairFiles(named.pair()))));
    }
    return List.copyOf(slots);
  }

  /** {@return the names that select the slot while this pair is in force, in lower case} */
  List<String> namesFor(Identity pair) {
    Stream<String> all =
        names.isEmpty()
            ? NameCheck.dnsNames(pair.leaf()).stream()
            : names.stream().map(CertificateName::text);
    return all.map(name -> name.toLowerCase(Locale.ROOT)).toList();
  }
}

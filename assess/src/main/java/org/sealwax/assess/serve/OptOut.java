package org.sealwax.assess.serve;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;

/**
 * Owners who do not want to be scanned. An owner who has the domain, or a host that receives its
 * mail, publishes a TXT record {@link #TEXT} at {@link #LABEL} below it, or below the registrable
 * domain; the operator of the service has a list for owners who cannot or who ask by mail.
 * Immutable.
 *
 * @param names domains of the list; each stands for all names below it
 * @param networks of the list
 */
public record OptOut(Set<Domain> names, List<Cidr> networks) {
  /** Where the record is. */
  public static final String LABEL = "_sealwax-assess";

  /** Its contents. */
  public static final String TEXT = "scan=no";

  /** Entries of the list. */
  static final int MAX_ENTRIES = 100_000;

  /** Bytes of the list as a file: entries of the full length, and comments. */
  public static final int MAX_BYTES = 32 << 20;

  /** Copies. */
  public OptOut {
    names = Set.copyOf(names);
    networks = List.copyOf(networks);
  }

  /** An empty list. */
  public static OptOut none() {
    return new OptOut(Set.of(), List.of());
  }

  /**
   * Reads a list: a domain, an address or a network a line; {@code #} begins a comment.
   *
   * @throws IllegalArgumentException shows which line is wrong
   */
  public static OptOut read(List<String> lines) {
    if (lines.size() > MAX_ENTRIES) {
      throw new IllegalArgumentException("more than " + MAX_ENTRIES + " lines");
    }
    Set<Domain> names = new HashSet<>();
    List<Cidr> networks = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String entry = lines.get(i).split("#", 2)[0].strip();
      if (entry.isEmpty()) {
        continue;
      }
      Optional<Cidr> network = Cidr.parse(entry);
      Optional<Domain> name = Domain.parse(entry);
      if (network.isPresent()) {
        networks.add(network.get());
      } else if (name.isPresent()) {
        names.add(name.get());
      } else {
        throw new IllegalArgumentException(
            "line " + (i + 1) + " is not a domain, address or network");
      }
    }
    return new OptOut(names, networks);
  }

  /** {@return its entries as text} */
  public Set<String> entries() {
    Set<String> all = new HashSet<>();
    names.forEach(name -> all.add(name.name()));
    networks.forEach(network -> all.add(network.toString()));
    return all;
  }

  /** Whether the list has the domain, or one above it. */
  boolean covers(Domain domain) {
    String name = domain.name();
    while (true) {
      if (names.contains(new Domain(name))) {
        return true;
      }
      int dot = name.indexOf('.');
      if (dot < 0) {
        return false;
      }
      name = name.substring(dot + 1);
    }
  }

  /** Whether the list has the address. */
  boolean covers(InetAddress address) {
    return networks.stream().anyMatch(n -> n.contains(address));
  }

  /** The owner names of records that speak for a domain or a host. */
  static List<Domain> records(Domain name) {
    return Stream.concat(Stream.of(name), PublicSuffixList.bundled().registrable(name).stream())
        .distinct()
        .flatMap(d -> Domain.ofDns(LABEL + "." + d.name()).stream())
        .toList();
  }
}

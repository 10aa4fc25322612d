package org.sealwax.assess.serve;

import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;

/**
 * The domain that a visitor asks for: a public name, never an address, a host and port, or a URL.
 */
sealed interface RequestedDomain {
  /** Characters of a name in any spelling. */
  int MAX_LENGTH = 4 * Domain.MAX_LENGTH;

  /** Top-level names that no public DNS has (RFC 6761, 6762, 7686, 8375, 9476; ICANN: internal). */
  Set<String> SPECIAL =
      Set.of(
          "alt",
          "arpa",
          "corp",
          "example",
          "home",
          "internal",
          "invalid",
          "intranet",
          "lan",
          "local",
          "localdomain",
          "localhost",
          "mail",
          "onion",
          "private",
          "test");

  /** It can be looked up. */
  record PublicName(Domain domain) implements RequestedDomain {}

  /**
   * It cannot.
   *
   * @param reason a sentence for the visitor; quotes nothing of what was asked
   */
  record NoPublicName(String reason) implements RequestedDomain {}

  /** Reads what a visitor has written. */
  static RequestedDomain read(String text) {
    String name = text.strip();
    if (name.isEmpty() || name.length() > MAX_LENGTH) {
      return new NoPublicName("Enter a domain, for example example.org.");
    }
    if (name.chars().anyMatch(c -> ":/[]@?#%\\ ".indexOf(c) >= 0)) {
      return new NoPublicName("Enter a domain only, without mailbox, port or URL.");
    }
    Optional<Domain> domain = Domain.parse(name);
    if (domain.isEmpty()) {
      return new NoPublicName("This is not a domain name.");
    }
    String[] labels = domain.get().name().split("\\.", -1);
    String last = labels[labels.length - 1];
    if (labels.length < 2) {
      return new NoPublicName("Enter a full domain with its ending, for example example.org.");
    }
    if (last.chars().allMatch(c -> c >= '0' && c <= '9') || last.matches("0x[0-9a-f]*")) {
      return new NoPublicName("Enter a domain, not an IP address.");
    }
    if (SPECIAL.contains(last)) {
      return new NoPublicName("Names that end in ." + last + " are not in the public DNS.");
    }
    return new PublicName(domain.get());
  }
}

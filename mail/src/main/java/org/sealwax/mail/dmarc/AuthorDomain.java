package org.sealwax.mail.dmarc;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.message.AuthorField;
import org.sealwax.mail.message.AuthorField.AuthorAddress;

/** The domain in From (RFC 9989 section 5.3.1). Only {@link Single} can be checked. */
public sealed interface AuthorDomain {
  /**
   * All addresses have this domain.
   *
   * @param domain as A-labels
   */
  record Single(Domain domain) implements AuthorDomain {}

  /** There is no From, or it has no address with a domain: an empty group, an address literal. */
  record Missing() implements AuthorDomain {}

  /** The addresses have several domains. */
  record Several() implements AuthorDomain {}

  /**
   * There are several From fields, or one that breaks the grammar.
   *
   * @param why in words for logs
   */
  record Malformed(String why) implements AuthorDomain {}

  /**
   * {@return the domain in From}
   *
   * @param field the From field of a message
   */
  static AuthorDomain of(AuthorField field) {
    return switch (field) {
      case AuthorField.Malformed malformed -> new Malformed(malformed.why());
      case AuthorField.Addresses found -> of(found.addresses());
    };
  }

  private static AuthorDomain of(List<AuthorAddress> addresses) {
    List<Domain> read = new ArrayList<>();
    for (AuthorAddress address : addresses) {
      if (address.domain().startsWith("[")) {
        continue;
      }
      Optional<Domain> domain = Domain.parse(address.domain());
      if (domain.isEmpty()) {
        return new Malformed("From has an address without a valid domain");
      }
      read.add(domain.get());
    }
    if (read.isEmpty()) {
      return new Missing();
    }
    boolean same =
        read.size() == addresses.size() && read.stream().allMatch(read.getFirst()::equals);
    return same ? new Single(read.getFirst()) : new Several();
  }
}

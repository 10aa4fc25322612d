package org.sealwax.mail.dmarc;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * The domain in From (RFC 9989 section 5.3.1). Only {@link Single} can be checked. The field is
 * read by the grammar of RFC 5322 section 3.4 alone, groups of RFC 6854 included: where the grammar
 * ends, mail readers guess differently, and one of them could show a domain that another one would
 * not check.
 */
public sealed interface AuthorDomain {
  /** Addresses in one field: more are an attack on our resources. */
  int MAX_ADDRESSES = 100;

  /** Characters of a field that is read. */
  int MAX_LENGTH = 16_384;

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
   * {@return the domain in the From fields of a message}
   *
   * @param fields the value of each From field, unfolded or not
   */
  static AuthorDomain of(List<String> fields) {
    if (fields.isEmpty()) {
      return new Missing();
    }
    if (fields.size() > 1) {
      return new Malformed("more than one From field");
    }
    if (fields.getFirst().length() > MAX_LENGTH) {
      return new Malformed("From is longer than " + MAX_LENGTH + " characters");
    }
    Optional<List<String>> domains = new AuthorFieldParser(fields.getFirst()).domains();
    if (domains.isEmpty()) {
      return new Malformed("From is not a list of addresses");
    }
    List<Domain> read = new ArrayList<>();
    for (String text : domains.get()) {
      if (text.startsWith("[")) {
        continue;
      }
      Optional<Domain> domain = Domain.parse(text);
      if (domain.isEmpty()) {
        return new Malformed("From has an address without a valid domain");
      }
      read.add(domain.get());
    }
    if (read.isEmpty()) {
      return new Missing();
    }
    boolean same =
        read.size() == domains.get().size() && read.stream().allMatch(read.getFirst()::equals);
    return same ? new Single(read.getFirst()) : new Several();
  }
}

package org.sealwax.mail.message;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.smtp.MailboxParser;

/**
 * The From field of a message, read by the grammar of RFC 5322 section 3.4 alone, groups of RFC
 * 6854 included: where the grammar ends, mail readers guess differently, and one of them could show
 * an address that another one would not check.
 */
public sealed interface AuthorField {
  /** Addresses in one field: more are an attack on our resources. */
  int MAX_ADDRESSES = 100;

  /** Characters of a field that is read. */
  int MAX_LENGTH = 16_384;

  /**
   * One address as written, without comments and blanks.
   *
   * @param local local part; a quoted one with its quotes
   * @param domain domain name or address literal, not checked
   */
  record AuthorAddress(String local, String domain) {}

  /**
   * A field by the grammar.
   *
   * @param addresses in their order; none: there is no From field, or a group without members
   * @param hasGroup whether the field has a group
   */
  record Addresses(List<AuthorAddress> addresses, boolean hasGroup) implements AuthorField {
    /** Copies. */
    public Addresses {
      addresses = List.copyOf(addresses);
    }
  }

  /**
   * There are several From fields, or one that breaks the grammar.
   *
   * @param why in words for logs
   */
  record Malformed(String why) implements AuthorField {}

  /**
   * {@return the From field of a message}
   *
   * @param section its header section
   */
  static AuthorField of(HeaderSection section) {
    return section.flaw() == HeaderSection.HeaderFlaw.NONE
        ? of(section.named("From").stream().map(HeaderField::text).toList())
        : new Malformed("the header section is malformed");
  }

  /**
   * {@return what the From fields of a message say}
   *
   * @param fields the value of each From field, unfolded or not
   */
  static AuthorField of(List<String> fields) {
    if (fields.isEmpty()) {
      return new Addresses(List.of(), false);
    }
    if (fields.size() > 1) {
      return new Malformed("more than one From field");
    }
    if (fields.getFirst().length() > MAX_LENGTH) {
      return new Malformed("From is longer than " + MAX_LENGTH + " characters");
    }
    return new AuthorFieldParser(fields.getFirst())
        .read()
        .<AuthorField>map(addresses -> addresses)
        .orElse(new Malformed("From is not a list of addresses"));
  }

  /**
   * {@return the one author; empty when there are several addresses, a group, an address literal,
   * or bytes in the local part that are not UTF-8}
   */
  default Optional<Mailbox> author() {
    return switch (this) {
      case Addresses(List<AuthorAddress> addresses, boolean hasGroup)
          when addresses.size() == 1 && !hasGroup ->
          Optional.of(addresses.getFirst())
              .filter(a -> a.local().indexOf('\ufffd') < 0)
              .flatMap(a -> MailboxParser.parse(a.local() + "@" + a.domain()))
              .filter(mailbox -> mailbox.domain() instanceof Domain);
      case Addresses _, Malformed _ -> Optional.empty();
    };
  }
}

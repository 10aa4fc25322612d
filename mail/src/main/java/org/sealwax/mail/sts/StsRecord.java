package org.sealwax.mail.sts;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.Domain;

/**
 * The TXT records of a domain at {@code _mta-sts} (RFC 8461 3.1). Only {@link Announced} states
 * that there is a policy to fetch.
 */
public sealed interface StsRecord {
  /** The text that an MTA-STS record begins with; other TXT records at the name are ignored. */
  String VERSION = "v=STSv1;";

  /** Bytes of one TXT record that are read: usual records have about thirty. */
  int MAX_LENGTH = 4_096;

  /** Characters of an id (RFC 8461 3.1). */
  int MAX_ID = 32;

  /** Characters of an extension field's name (RFC 8461 3.1). */
  int MAX_NAME = 32;

  /**
   * There is a policy.
   *
   * @param id changes whenever the policy does: 1 to 32 letters and digits
   */
  record Announced(String id) implements StsRecord {
    /** Checks the id. */
    public Announced {
      if (!isId(id)) {
        throw new IllegalArgumentException("no id: " + id);
      }
    }
  }

  /** No record begins with {@link #VERSION}: the domain does not announce MTA-STS. */
  record None() implements StsRecord {}

  /**
   * More than one record begins with {@link #VERSION}, which counts as none.
   *
   * @param count of them
   */
  record Several(int count) implements StsRecord {}

  /**
   * The one record breaks the grammar, which counts as none.
   *
   * @param why in words for people
   */
  record Malformed(String why) implements StsRecord {}

  /**
   * {@return where the record of a policy domain is; empty when the name would be too long for the
   * DNS}
   *
   * @param domain the policy domain
   */
  static java.util.Optional<Domain> nameFor(Domain domain) {
    return Domain.parse("_mta-sts." + domain.name());
  }

  /**
   * {@return the host that serves the policy of a domain; empty when the name would be too long}
   *
   * @param domain the policy domain
   */
  static java.util.Optional<Domain> hostFor(Domain domain) {
    return Domain.parse("mta-sts." + domain.name());
  }

  /**
   * Reads the TXT records of {@link #nameFor}.
   *
   * @param texts each record with its strings joined, as ISO 8859-1
   * @return the record, none, several, or why it is malformed
   */
  static StsRecord read(List<String> texts) {
    List<String> records = texts.stream().filter(t -> t.startsWith(VERSION)).toList();
    return switch (records.size()) {
      case 0 -> beginnings(texts);
      case 1 -> fields(records.getFirst());
      default -> new Several(records.size());
    };
  }

  /** The grammar lets blanks stand before the semicolon; the selection of records does not. */
  private static StsRecord beginnings(List<String> texts) {
    return texts.stream().anyMatch(t -> t.startsWith("v=STSv1") && t.length() <= MAX_LENGTH)
        ? new Malformed("does not begin with " + VERSION)
        : new None();
  }

  private static StsRecord fields(String text) {
    if (text.length() > MAX_LENGTH) {
      return new Malformed("longer than " + MAX_LENGTH + " bytes");
    }
    String rest = text.substring(VERSION.length());
    String[] fields = rest.split(";", -1);
    String id = "";
    Set<String> names = new HashSet<>();
    for (int i = 0; i < fields.length; i++) {
      String field = trimmed(fields[i]);
      if (field.isEmpty()) {
        // RFC 8461 §3.1: one delimiter may end the record; two in a row are invalid.
        if (i == fields.length - 1) {
          continue;
        }
        return new Malformed("an empty field");
      }
      int equals = field.indexOf('=');
      if (equals < 0) {
        return new Malformed("a field without \"=\"");
      }
      String name = field.substring(0, equals);
      String value = field.substring(equals + 1);
      if (!isName(name) || !isValue(value)) {
        return new Malformed("a field is not name=value");
      }
      // RFC 8461 §3.2: of a field that is repeated, the first counts.
      if (names.add(name) && name.equals("id")) {
        if (!isId(value)) {
          return new Malformed("id does not have 1 to " + MAX_ID + " letters and digits");
        }
        id = value;
      }
    }
    return id.isEmpty() ? new Malformed("no id") : new Announced(id);
  }

  private static String trimmed(String field) {
    int from = 0;
    int to = field.length();
    while (from < to && isBlank(field.charAt(from))) {
      from++;
    }
    while (to > from && isBlank(field.charAt(to - 1))) {
      to--;
    }
    return field.substring(from, to);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  /**
   * {@return whether {@code text} is 1 to 32 letters and digits of ASCII}
   *
   * @param text the text to read
   */
  static boolean isId(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_ID
        && text.chars().allMatch(StsRecord::isLetterOrDigit);
  }

  /**
   * {@return whether {@code text} may name a field, here and in the policy file}
   *
   * @param text the text to read
   */
  static boolean isName(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_NAME
        && isLetterOrDigit(text.charAt(0))
        && text.chars().allMatch(c -> isLetterOrDigit(c) || c == '_' || c == '-' || c == '.');
  }

  private static boolean isValue(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '=');
  }

  private static boolean isLetterOrDigit(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
}

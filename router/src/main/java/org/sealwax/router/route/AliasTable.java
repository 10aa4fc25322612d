package org.sealwax.router.route;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.LocalPart;

/**
 * The aliases of one file. Values stay text until they are asked for: a hundred thousand aliases
 * are two strings each. Immutable.
 */
final class AliasTable {
  /** The key of the catch-all. */
  static final String ANY = "*";

  /** What stands before a pipe's name. */
  static final String PIPE = "pipe:";

  private final Map<String, String> entries;
  private final boolean caseSensitive;

  AliasTable(Map<String, String> entries, boolean caseSensitive) {
    this.entries = entries;
    this.caseSensitive = caseSensitive;
  }

  /** The form in which names are compared. */
  static String folded(String local, boolean caseSensitive) {
    return caseSensitive ? LocalPart.composed(local) : LocalPart.folded(local);
  }

  /** Targets of exactly this name, or null. */
  @Nullable List<String> named(String local, Domain domain) {
    String name = folded(local, caseSensitive);
    // A name that looks like a catch-all's key is not one.
    if (name.equals(ANY) || name.startsWith("@")) {
      return null;
    }
    String value = entries.get(name + "@" + domain.name());
    // A quoted local part may hold "@": it must not be taken for a name with a domain.
    if (value == null && name.indexOf('@') < 0) {
      value = entries.get(name);
    }
    return value == null ? null : List.of(value.split("\n"));
  }

  /** Targets of everything else, or null. */
  @Nullable List<String> any(Domain domain) {
    String value = entries.get("@" + domain.name());
    if (value == null) {
      value = entries.get(ANY);
    }
    return value == null ? null : List.of(value.split("\n"));
  }

  /** The names that have an entry, for checks. */
  Set<String> names() {
    return entries.keySet();
  }

  int size() {
    return entries.size();
  }
}

package org.sealwax.router.config;

import java.util.List;

/**
 * One table of the file.
 *
 * @param name as it stands between the brackets
 * @param repeated {@code [[name]]}: any number of rows
 * @param purpose what it is, in plain sentences
 * @param keys in the order of telling
 */
record Table(String name, boolean repeated, String purpose, List<Key<?>> keys) {
  /** Any number of rows. */
  static Table rows(String name, String purpose, Key<?>... keys) {
    return new Table(name, true, purpose, List.of(keys));
  }

  /** One table. */
  static Table one(String name, String purpose, Key<?>... keys) {
    return new Table(name, false, purpose, List.of(keys));
  }

  /** {@code [name]} or {@code [[name]]}. */
  String heading() {
    return repeated ? "[[" + name + "]]" : "[" + name + "]";
  }
}

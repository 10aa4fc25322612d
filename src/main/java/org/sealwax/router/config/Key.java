package org.sealwax.router.config;

import org.jspecify.annotations.Nullable;

/**
 * One key of one table.
 *
 * @param name as it stands in the file
 * @param kind what its value may be
 * @param fallback the default as TOML text, or null: then the key is optional, or required
 * @param required whether the table makes no sense without it
 * @param purpose what it does, in one or two plain sentences
 * @param example a value for reference and sample, as TOML text
 */
record Key<T>(
    String name,
    Kind<T> kind,
    @Nullable String fallback,
    boolean required,
    String purpose,
    String example) {

  /** A key with a default. */
  static <T> Key<T> of(String name, Kind<T> kind, String fallback, String purpose) {
    return new Key<>(name, kind, fallback, false, purpose, fallback);
  }

  /** A key that may be left out; the purpose says what follows then. */
  static <T> Key<T> optional(String name, Kind<T> kind, String purpose, String example) {
    return new Key<>(name, kind, null, false, purpose, example);
  }

  /** A key that must be there. */
  static <T> Key<T> required(String name, Kind<T> kind, String purpose, String example) {
    return new Key<>(name, kind, null, true, purpose, example);
  }
}

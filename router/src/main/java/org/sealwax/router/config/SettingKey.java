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
record SettingKey<T>(
    String name,
    SettingType<T> kind,
    @Nullable String fallback,
    boolean required,
    String purpose,
    String example) {

  /** A key with a default. */
  static <T> SettingKey<T> of(String name, SettingType<T> kind, String fallback, String purpose) {
    return new SettingKey<>(name, kind, fallback, false, purpose, fallback);
  }

  /** A key that may be left out; the purpose says what follows then. */
  static <T> SettingKey<T> optional(
      String name, SettingType<T> kind, String purpose, String example) {
    return new SettingKey<>(name, kind, null, false, purpose, example);
  }

  /** A key that must be there. */
  static <T> SettingKey<T> required(
      String name, SettingType<T> kind, String purpose, String example) {
    return new SettingKey<>(name, kind, null, true, purpose, example);
  }
}

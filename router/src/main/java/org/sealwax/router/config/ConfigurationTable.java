package org.sealwax.router.config;

import java.util.List;

/**
 * One table of the file.
 *
 * @param name as it stands between the brackets
 * @param repeated {@code [[name]]}: any number of rows
 * @param purpose what it is, in plain sentences
 * @param keys in the order of the reference page
 */
record ConfigurationTable(String name, boolean repeated, String purpose, List<SettingKey<?>> keys) {
  /** Any number of rows. */
  static ConfigurationTable repeatedTable(String name, String purpose, SettingKey<?>... keys) {
    return new ConfigurationTable(name, true, purpose, List.of(keys));
  }

  /** One table. */
  static ConfigurationTable singleTable(String name, String purpose, SettingKey<?>... keys) {
    return new ConfigurationTable(name, false, purpose, List.of(keys));
  }

  /** {@code [name]} or {@code [[name]]}. */
  String heading() {
    return repeated ? "[[" + name + "]]" : "[" + name + "]";
  }
}

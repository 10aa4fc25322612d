package org.sealwax.router.config;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.sealwax.mail.settings.SettingKey;

/**
 * One table of the file.
 *
 * @param name as it stands between the brackets
 * @param repeated {@code [[name]]}: any number of rows
 * @param purpose what it is, in plain sentences
 * @param keys in the order of the manual page
 */
record ConfigurationTable(String name, boolean repeated, String purpose, List<SettingKey> keys) {
  /** A table without keys so far. */
  static ConfigurationTable named(String name) {
    return new ConfigurationTable(name, false, "", List.of());
  }

  /** The same with a purpose. */
  ConfigurationTable purpose(String text) {
    return new ConfigurationTable(name, repeated, text, keys);
  }

  /** The same for any number of rows. */
  ConfigurationTable rows() {
    return new ConfigurationTable(name, true, purpose, keys);
  }

  /** The same with the keys of a record after those it has. */
  ConfigurationTable and(Class<? extends Record> record) {
    List<SettingKey> all = Stream.concat(keys.stream(), SettingKey.in(record).stream()).toList();
    return new ConfigurationTable(name, repeated, purpose, all);
  }

  /** {@code [name]} or {@code [[name]]}. */
  String heading() {
    return repeated ? "[[" + name + "]]" : "[" + name + "]";
  }

  /** The key of this name. */
  Optional<SettingKey> key(String key) {
    return keys.stream().filter(k -> k.name().equals(key)).findFirst();
  }
}

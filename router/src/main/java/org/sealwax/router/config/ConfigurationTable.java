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
  /** Any number of rows, each a record. */
  static ConfigurationTable repeated(String name, String purpose, Class<? extends Record> row) {
    return new ConfigurationTable(name, true, purpose, SettingKey.in(row));
  }

  /** One table of a record. */
  static ConfigurationTable single(String name, String purpose, Class<? extends Record> record) {
    return new ConfigurationTable(name, false, purpose, SettingKey.in(record));
  }

  /** The same with the keys of another record after its own. */
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

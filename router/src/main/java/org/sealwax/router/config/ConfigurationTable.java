package org.sealwax.router.config;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.mail.settings.SettingTable;

/**
 * One table of the file.
 *
 * @param declared its name and purpose
 * @param keys in the order of the manual page
 */
record ConfigurationTable(SettingTable declared, List<SettingKey> keys) {
  /** The same with the keys of one more record after those it has. */
  ConfigurationTable and(ConfigurationTable other) {
    return new ConfigurationTable(
        declared, Stream.concat(keys.stream(), other.keys.stream()).toList());
  }

  /** As it stands between the brackets. */
  String name() {
    return declared.name();
  }

  /** Whether it has rows. */
  boolean repeated() {
    return declared.rows();
  }

  /** {@code [name]} or {@code [[name]]}. */
  String heading() {
    return repeated() ? "[[" + name() + "]]" : "[" + name() + "]";
  }

  /** The key of this name. */
  Optional<SettingKey> key(String key) {
    return keys.stream().filter(k -> k.name().equals(key)).findFirst();
  }
}

package org.sealwax.router.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * All tables of {@code sealwax.toml}, in the order of the manual page: those of the records that
 * {@link RouterSettings} has. Each declares its table ({@link SettingTable}) and its keys ({@link
 * Setting}).
 */
final class ConfigurationSchema {
  private static final Map<String, ConfigurationTable> TABLES = new LinkedHashMap<>();

  static {
    for (Class<? extends Record> type : SettingsRecord.tables(RouterSettings.class)) {
      SettingTable declared = declared(type);
      TABLES.merge(
          declared.name(),
          new ConfigurationTable(declared, SettingKey.in(type)),
          ConfigurationTable::and);
    }
  }

  private ConfigurationSchema() {}

  private static SettingTable declared(Class<? extends Record> type) {
    return Objects.requireNonNull(type.getAnnotation(SettingTable.class), type.getName());
  }

  /** All tables, in the order of the manual page. */
  static List<ConfigurationTable> tables() {
    return List.copyOf(TABLES.values());
  }

  /** The table of this name. */
  static Optional<ConfigurationTable> table(String name) {
    return Optional.ofNullable(TABLES.get(name));
  }

  /** The table that has the keys of a settings record. */
  static ConfigurationTable tableOf(Class<? extends Record> type) {
    return Objects.requireNonNull(TABLES.get(declared(type).name()));
  }
}

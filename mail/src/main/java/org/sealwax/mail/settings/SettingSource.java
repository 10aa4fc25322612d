package org.sealwax.mail.settings;

import org.jspecify.annotations.Nullable;

/** What settings records are made of. */
public interface SettingSource {
  /**
   * {@return the value of a key, or null}
   *
   * @param key of the record
   */
  @Nullable Object value(SettingKey key);

  /**
   * {@return the rows of a table, or the record of a table without rows; or null}
   *
   * @param type the record class with the keys of the table
   */
  default @Nullable Object table(Class<? extends Record> type) {
    return null;
  }
}

package org.sealwax.mail.settings;

import java.util.List;
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
   * {@return the rows of a table, or null}
   *
   * @param type the record class of a row
   */
  default @Nullable List<? extends Record> rows(Class<? extends Record> type) {
    return null;
  }
}

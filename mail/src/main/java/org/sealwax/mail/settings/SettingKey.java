package org.sealwax.mail.settings;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One key, as its {@link Setting} declares it.
 *
 * @param name as it stands in the file
 * @param type what its value may be
 * @param doc what it does
 * @param declared the rest of the declaration
 */
public record SettingKey(String name, SettingType type, String doc, Setting declared) {
  /**
   * {@return the key of a component, or null when it declares none}
   *
   * @param component of a settings record
   */
  static @Nullable SettingKey of(RecordComponent component) {
    Setting declared = component.getAnnotation(Setting.class);
    if (declared == null) {
      return null;
    }
    String name = declared.name().isEmpty() ? snakeCase(component.getName()) : declared.name();
    return new SettingKey(
        name, SettingType.of(component.getGenericType(), declared), declared.doc(), declared);
  }

  private static String snakeCase(String name) {
    return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }

  /** {@return the default as TOML text, or null: then the key is optional, or required} */
  public @Nullable String fallback() {
    boolean empty = type.list() && declared.example().length == 0;
    return declared.fallback().length > 0 || empty ? toml(declared.fallback()) : null;
  }

  /** {@return a value for manual page and sample, as TOML text} */
  public String example() {
    String usual = fallback();
    return usual == null ? toml(declared.example()) : usual;
  }

  /** {@return the default value; null when there is none} */
  public @Nullable Object initial() {
    return fallback() == null
        ? null
        : type.value(
            Arrays.stream(declared.fallback()).map(type::plain).map(type.parser()).toList());
  }

  /**
   * {@return the same where another key bounds it}
   *
   * @param most the longest duration that the default may be, as long as it is not below the least
   */
  public @Nullable Object initial(Duration most) {
    if (!(initial() instanceof Duration usual) || usual.compareTo(most) <= 0) {
      return initial();
    }
    return !declared.least().isEmpty()
            && type.parser().apply(declared.least()) instanceof Duration least
            && least.compareTo(most) > 0
        ? least
        : most;
  }

  private String toml(String[] values) {
    String all =
        Arrays.stream(values)
            .map(v -> type.quoted() ? "\"" + v + "\"" : v)
            .collect(Collectors.joining(", "));
    return type.list() ? "[" + all + "]" : all;
  }

  /**
   * {@return the keys of a settings record and of the settings records within it, in order}
   *
   * @param type the record
   */
  public static List<SettingKey> in(Class<? extends Record> type) {
    return SettingsRecord.shape(type).keys();
  }
}

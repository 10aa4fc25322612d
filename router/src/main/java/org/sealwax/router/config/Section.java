package org.sealwax.router.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One table as it was read, each value with its place; what was left out has its default. */
final class Section {
  /**
   * One value.
   *
   * @param elements what the kind's reader made: of a scalar one
   * @param text as it stands in the file, in TOML
   * @param line from 1; 0 for a default
   * @param column of the value
   * @param length of the value within its line
   */
  record GivenValue(List<Object> elements, String text, int line, int column, int length) {}

  private final ConfigurationTable table;
  private final int line;
  private final Map<String, GivenValue> explicit = new LinkedHashMap<>();

  /** A section that begins at {@code line}, or 0 when the file does not have it. */
  Section(ConfigurationTable table, int line) {
    this.table = table;
    this.line = line;
  }

  void put(SettingKey<?> key, GivenValue value) {
    explicit.put(key.name(), value);
  }

  ConfigurationTable table() {
    return table;
  }

  /** Where it begins, from 1; 0 when the file does not have it. */
  int line() {
    return line;
  }

  /** Whether the file has this section. */
  boolean present() {
    return line > 0;
  }

  /** The value, given or default; empty for an optional key that was left out. */
  <T> Optional<T> find(SettingKey<T> key) {
    if (!table.keys().contains(key)) {
      throw new IllegalArgumentException(table.name() + " has no key " + key.name());
    }
    GivenValue g = explicit.get(key.name());
    if (g != null) {
      return Optional.of(key.kind().fromElements().apply(g.elements()));
    }
    String text = key.fallback();
    if (text == null) {
      return Optional.empty();
    }
    List<Object> raw = key.kind().list() ? plainElements(text) : List.of(plain(text));
    List<Object> read = raw.stream().map(e -> (Object) key.kind().parser().apply(e)).toList();
    return Optional.of(key.kind().fromElements().apply(read));
  }

  /** The value of a key that has a default or is required. */
  <T> T get(SettingKey<T> key) {
    return find(key)
        .orElseThrow(() -> new IllegalStateException(table.name() + "." + key.name() + " not set"));
  }

  /** Where the key was given, or null. */
  @Nullable GivenValue explicit(SettingKey<?> key) {
    return explicit.get(key.name());
  }

  /** Whether the file says it. */
  boolean has(SettingKey<?> key) {
    return explicit.containsKey(key.name());
  }

  /** Defaults are simple TOML: a quoted text without escapes, a number, true or false. */
  private static Object plain(String text) {
    if (text.startsWith("\"")) {
      return text.substring(1, text.length() - 1);
    }
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> Long.valueOf(text);
    };
  }

  private static List<Object> plainElements(String text) {
    String inner = text.substring(1, text.length() - 1).strip();
    if (inner.isEmpty()) {
      return List.of();
    }
    return java.util.Arrays.stream(inner.split(",")).map(e -> plain(e.strip())).toList();
  }
}

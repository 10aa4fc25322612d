package org.sealwax.router.config;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.settings.SettingKey;

/** One table as it was read, each value with its place; what was left out has its default. */
final class Section {
  /**
   * One value.
   *
   * @param value as its type makes it
   * @param text as it stands in the file, in TOML
   * @param at of the value
   */
  record GivenValue(Object value, String text, ProblemPlace at) {}

  private final ConfigurationTable table;
  private final ProblemPlace head;
  private final Map<String, GivenValue> explicit = new HashMap<>();

  /** A section that begins at {@code head}, in line 0 when the file does not have it. */
  Section(ConfigurationTable table, ProblemPlace head) {
    this.table = table;
    this.head = head;
  }

  void put(SettingKey key, GivenValue value) {
    explicit.put(key.name(), value);
  }

  ConfigurationTable table() {
    return table;
  }

  /** Where it begins, from 1; 0 when the file does not have it. */
  int line() {
    return head.line();
  }

  /** Whether the file has this section. */
  boolean present() {
    return line() > 0;
  }

  /**
   * The value, given or default; empty for an optional key that was left out.
   *
   * @throws IllegalArgumentException when the table has no such key
   */
  Optional<Object> find(String key) {
    SettingKey declared =
        table
            .key(key)
            .orElseThrow(() -> new IllegalArgumentException(table.name() + " has no key " + key));
    GivenValue given = explicit.get(key);
    return Optional.ofNullable(given == null ? initial(declared) : given.value());
  }

  private @Nullable Object initial(SettingKey key) {
    Optional<Duration> most = greatest(key);
    return most.isEmpty() ? key.initial() : key.initial(most.get());
  }

  /** Half of another key's value, where this one must not be longer. */
  Optional<Duration> greatest(SettingKey key) {
    String[] other = key.declared().mostHalfOf().split("\\.", 2);
    return other.length < 2
        ? Optional.empty()
        : Optional.of(head.reader().section(other[0]).get(other[1], Duration.class).dividedBy(2));
  }

  /** The value in TOML; empty for an optional key that was left out. */
  String text(SettingKey key) {
    GivenValue given = explicit.get(key.name());
    String usual = Objects.requireNonNullElse(key.fallback(), "");
    return given != null
        ? given.text()
        : initial(key) instanceof Duration d && !d.equals(key.initial())
            ? "\"" + d.toSeconds() + "s\""
            : usual;
  }

  /** The value of a key that has a default or is required. */
  <T> T get(String key, Class<T> type) {
    return type.cast(
        find(key)
            .orElseThrow(() -> new IllegalStateException(table.name() + "." + key + " not set")));
  }

  /** Its first line. */
  ProblemPlace head() {
    return head;
  }

  /** The value of a key; the first line when it was not given. */
  ProblemPlace at(String key) {
    GivenValue given = explicit.get(key);
    return given == null ? head : given.at();
  }

  /** Where the key was given, or null. */
  @Nullable GivenValue explicit(String key) {
    return explicit.get(key);
  }

  /** Whether the file has it. */
  boolean has(String key) {
    return explicit.containsKey(key);
  }
}

package org.sealwax.router.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.mail.settings.SettingSource;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * The sections of one reading as settings records. Values that a record refuses, and missing files,
 * become problems of the reading.
 */
final class TableRecords {
  /** A row with its places. */
  record Row<R extends Record>(Section section, R value) {
    ProblemPlace at(String key) {
      return section.at(key);
    }
  }

  /** The values of a section; of one that lies over a record, those that the file gives. */
  private record SectionSource(TableRecords tables, Section section, boolean overRecord)
      implements SettingSource {
    @Override
    public @Nullable Object value(SettingKey key) {
      boolean bounded = !key.declared().mostHalfOf().isEmpty();
      return !overRecord || bounded || section.has(key.name()) ? tables.value(section, key) : null;
    }

    @Override
    public @Nullable Object table(Class<? extends Record> type) {
      return ConfigurationSchema.tableOf(type).repeated() ? tables.values(type) : null;
    }
  }

  private final ConfigurationReader reader;
  private final Path folder;
  private final boolean readsFiles;
  private final Map<String, Object> restart = new TreeMap<>();

  /**
   * Files are relative to {@code folder}.
   *
   * @param readsFiles whether files that are named must be there
   */
  TableRecords(ConfigurationReader reader, Path folder, boolean readsFiles) {
    this.reader = reader;
    this.folder = folder;
    this.readsFiles = readsFiles;
  }

  /** Whether a file that is named can be read. */
  boolean readable(Path file) {
    return readsFiles && FailureText.unreadable(file).isEmpty();
  }

  /**
   * The values that cannot change while the server runs, by key; the map grows with the records.
   */
  Map<String, Object> restart() {
    return restart;
  }

  /** The rows with the keys of a record. */
  List<Section> sections(Class<? extends Record> type) {
    return reader.rows(ConfigurationSchema.tableOf(type).name());
  }

  /** The section with the keys of a record. */
  Section section(Class<? extends Record> type) {
    return reader.section(type);
  }

  /** All tables of a record; {@code others} are those that need more than their keys. */
  <R extends Record> R all(Class<R> type, Map<String, ?> others) {
    SettingSource each =
        new SettingSource() {
          @Override
          public @Nullable Object value(SettingKey key) {
            return null;
          }

          @Override
          public Object table(Class<? extends Record> one) {
            return ConfigurationSchema.tableOf(one).repeated()
                ? values(one)
                : TableRecords.this.table(one);
          }
        };
    return SettingsRecord.of(type, each, others);
  }

  /** The table of a record whose keys all have a default, or are optional. */
  <R extends Record> R table(Class<R> type) {
    return table(type, Map.of());
  }

  /** The same with components whose key has no value, and those without a key, by name. */
  <R extends Record> R table(Class<R> type, Map<String, ?> others) {
    Section s = section(type);
    Section empty = new Section(s.table(), s.head());
    return noted(s, accepted(s, () -> read(s, type, others), () -> read(empty, type, others)));
  }

  /** The keys that the file has; the rest as it is. */
  <R extends Record> R over(R base) {
    Section s = section(base.getClass());
    SettingSource given = new SectionSource(this, s, true);
    return noted(s, accepted(s, () -> SettingsRecord.over(base, given), () -> base));
  }

  /** The rows that their record accepts. */
  <R extends Record> List<Row<R>> rows(Class<R> type) {
    return rows(type, Map.of());
  }

  /** The same with components without a value. */
  <R extends Record> List<Row<R>> rows(Class<R> type, Map<String, ?> others) {
    List<Row<R>> rows = new ArrayList<>();
    ConfigurationTable table = ConfigurationSchema.tableOf(type);
    for (Section s : sections(type)) {
      accepted(s, () -> rows.add(new Row<>(s, read(s, type, others))), () -> false);
    }
    restart.put(
        table.heading(),
        rows.stream().map(row -> fixed(row.value())).filter(keys -> !keys.isEmpty()).toList());
    return rows;
  }

  /** The same without their places. */
  <R extends Record> List<R> values(Class<R> type) {
    return rows(type).stream().map(Row::value).toList();
  }

  /** What is made of a section; where its values are refused, which is reported, the other. */
  static <T extends @Nullable Object> T accepted(
      Section s, Supplier<T> making, Supplier<T> otherwise) {
    try {
      return making.get();
    } catch (InvalidSetting e) {
      ProblemPlace at = e.key() == null ? s.head() : s.at(e.key());
      ProblemPlace.Reported problem = at.error(e.text());
      if (e.help() != null) {
        problem.help(e.help());
      }
    } catch (IllegalArgumentException e) {
      s.head().error(String.valueOf(e.getMessage()));
    }
    return otherwise.get();
  }

  private <R extends Record> R read(Section s, Class<R> type, Map<String, ?> others) {
    return SettingsRecord.of(type, new SectionSource(this, s, false), others);
  }

  /** Remembers what cannot change while the server runs. */
  private <R extends Record> R noted(Section s, R record) {
    fixed(record).forEach((key, value) -> restart.put(s.table().heading() + " " + key, value));
    return record;
  }

  private static Map<String, Object> fixed(Record record) {
    Map<String, Object> fixed = new TreeMap<>();
    SettingsRecord.forEach(
        record,
        (key, value) -> {
          if (key.declared().restart()) {
            fixed.put(key.name(), value);
          }
        });
    return fixed;
  }

  private @Nullable Object value(Section s, SettingKey key) {
    Object value = s.find(key.name()).orElse(null);
    if (value instanceof List<?> all) {
      return all.stream().map(one -> one instanceof Path p ? file(s, key, p) : one).toList();
    }
    return value instanceof Path p ? file(s, key, p) : value;
  }

  private Path file(Section s, SettingKey key, Path written) {
    Path file = folder.resolve(written).normalize();
    if (readsFiles && !key.declared().created()) {
      FailureText.unreadable(file)
          .ifPresent(why -> s.at(key.name()).error(why).help("files are relative to " + folder));
    }
    return file;
  }
}

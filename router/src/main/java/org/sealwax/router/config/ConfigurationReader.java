package org.sealwax.router.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.config.Section.GivenValue;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** One file read against the schema: its sections, and everything wrong with it. */
final class ConfigurationReader {
  /** Bytes of a configuration: thousands of rows fit, a mistaken log file does not. */
  static final int MAX_SIZE = 4 << 20;

  /** Maximum number of problems reported at once; more would hide the first. */
  static final int MAX_COMPLAINTS = 50;

  /**
   * Empty lines in a row. Behind a line that is broken the parser looks for where to go on, in a
   * time that grows with the cube of these: two thousand cost it twenty seconds.
   */
  static final int MAX_EMPTY = 100;

  private final List<String> lines;
  private final Map<String, List<Section>> sections = new LinkedHashMap<>();
  private final List<ConfigurationProblem> problems = new ArrayList<>();
  private final NavigableSet<Integer> heads = new TreeSet<>();
  private boolean unparsable;

  private ConfigurationReader(List<String> lines) {
    this.lines = lines;
  }

  /** No file: every default. Loads no parser. */
  static ConfigurationReader empty() {
    return new ConfigurationReader(List.of());
  }

  /** Reads a file's text. */
  static ConfigurationReader of(String text) {
    ConfigurationReader reader = new ConfigurationReader(linesOf(text));
    int empty = 0;
    for (int i = 0; i < reader.lines.size(); i++) {
      empty = reader.lines.get(i).isBlank() ? empty + 1 : 0;
      if (empty > MAX_EMPTY) {
        reader.error(i + 1, 1, 1, "more than " + MAX_EMPTY + " empty lines in a row");
        reader.unparsable = true;
        return reader;
      }
    }
    TomlParseResult toml;
    try {
      toml = Toml.parse(text);
    } catch (RuntimeException | AssertionError | StackOverflowError e) {
      // The parser is recursive, and asserts what damaged input does not keep.
      reader.error(1, 1, 1, "not TOML: too deeply nested, or too broken to say where");
      return reader;
    }
    for (TomlParseError e : toml.errors()) {
      TomlPosition at = e.position();
      reader.error(at.line(), at.column(), 1, sentence(e));
      reader.unparsable = true;
    }
    reader.readTables(toml);
    return reader;
  }

  /** TOML's lines: a CR alone ends none. */
  static List<String> linesOf(String text) {
    List<String> lines = new ArrayList<>();
    int start = 0;
    while (start < text.length()) {
      int end = text.indexOf('\n', start);
      int to = end < 0 ? text.length() : end;
      boolean cr = end > start && text.charAt(end - 1) == '\r';
      lines.add(text.substring(start, cr ? end - 1 : to));
      start = to + 1;
    }
    return List.copyOf(lines);
  }

  private static String sentence(TomlParseError e) {
    String text = e.getMessage() == null ? "not TOML" : e.getMessage();
    return Character.toLowerCase(text.charAt(0)) + text.substring(1);
  }

  /** The file's lines. */
  List<String> lines() {
    return lines;
  }

  /** The one section of a table; a section of defaults when the file does not have it. */
  Section section(ConfigurationTable table) {
    List<Section> found = sections.getOrDefault(table.name(), List.of());
    return found.isEmpty() ? new Section(table, 0) : found.getFirst();
  }

  /** The rows of a repeated table, in order. */
  List<Section> rows(ConfigurationTable table) {
    return sections.getOrDefault(table.name(), List.of());
  }

  /** Everything wrong so far, by place. */
  List<ConfigurationProblem> problems() {
    List<ConfigurationProblem> sorted = new ArrayList<>(problems);
    sorted.sort(
        Comparator.comparingInt(ConfigurationProblem::line)
            .thenComparingInt(ConfigurationProblem::column));
    if (sorted.size() > MAX_COMPLAINTS) {
      return List.copyOf(sorted.subList(0, MAX_COMPLAINTS));
    }
    return List.copyOf(sorted);
  }

  /** Whether the file has an error, so that it yields no settings. */
  boolean broken() {
    return problems.stream().anyMatch(ConfigurationProblem::error);
  }

  /** Whether the text is no TOML: what could be read of it says nothing about the rest. */
  boolean unparsable() {
    return unparsable;
  }

  /**
   * Takes sections with errors out, so that the others can be looked at further: all errors are
   * reported at once, and none that only follows from another.
   *
   * @return the tables that lost a section
   */
  Set<String> excludeInvalid() {
    Set<String> lost = new HashSet<>();
    sections.forEach(
        (name, all) -> {
          if (all.removeIf(s -> hasError(s.line(), heads.higher(s.line())))) {
            lost.add(name);
          }
        });
    return lost;
  }

  private boolean hasError(int from, @Nullable Integer to) {
    return problems.stream()
        .anyMatch(c -> c.error() && c.line() >= from && (to == null || c.line() < to));
  }

  void add(ConfigurationProblem complaint) {
    problems.add(inside(complaint));
  }

  /** The parser may place what is missing, or what stands behind a string of lines, outside. */
  private ConfigurationProblem inside(ConfigurationProblem c) {
    if (c.line() < 1) {
      return c;
    }
    int line = Math.min(c.line(), Math.max(1, lines.size()));
    int width = line <= lines.size() ? lines.get(line - 1).length() : 0;
    int column = line < c.line() ? width + 1 : Math.clamp(c.column(), 1, width + 1);
    return line == c.line() && column == c.column()
        ? c
        : new ConfigurationProblem(
            c.error(), line, column, c.length(), c.text(), c.furtherNotes(), c.help());
  }

  private void error(int line, int column, int length, String text) {
    add(new ConfigurationProblem(true, line, column, length, text, List.of(), List.of()));
  }

  /** Adds a problem of a key's value; placed at the section's head when the key was not given. */
  ConfigurationProblem about(boolean error, Section section, SettingKey<?> key, String text) {
    GivenValue g = section.explicit(key);
    if (g != null) {
      return new ConfigurationProblem(
          error, g.line(), g.column(), g.length(), text, List.of(), List.of());
    }
    return about(error, section, text);
  }

  /** Adds a problem of a section. */
  ConfigurationProblem about(boolean error, Section section, String text) {
    int line = section.line();
    int length = line > 0 && line <= lines.size() ? lines.get(line - 1).strip().length() : 1;
    return new ConfigurationProblem(error, line, 1, length, text, List.of(), List.of());
  }

  private void readTables(TomlTable toml) {
    for (String name : toml.keySet()) {
      TomlPosition at = at(toml.inputPositionOf(List.of(name)));
      Optional<ConfigurationTable> known =
          ConfigurationSchema.tables().stream().filter(t -> t.name().equals(name)).findFirst();
      Object value = toml.get(List.of(name));
      if (known.isEmpty()) {
        unknownTable(name, value, at);
        continue;
      }
      ConfigurationTable table = known.get();
      if (!table.repeated() && value instanceof TomlTable t) {
        readSection(table, t, at.line());
      } else if (table.repeated() && value instanceof TomlArray a && allTables(a)) {
        for (int i = 0; i < a.size(); i++) {
          readSection(table, (TomlTable) a.get(i), at(a.inputPositionOf(i)).line());
        }
      } else {
        String was = table.repeated() ? "has rows" : "is one table";
        error(at.line(), at.column(), Math.max(1, name.length()), name + " " + was);
        problems.set(
            problems.size() - 1,
            problems.getLast().help("write " + table.heading() + " on a line of its own"));
      }
    }
  }

  private static TomlPosition at(@Nullable TomlPosition position) {
    return position == null ? TomlPosition.positionAt(1, 1) : position;
  }

  private static boolean allTables(TomlArray array) {
    for (int i = 0; i < array.size(); i++) {
      if (!(array.get(i) instanceof TomlTable)) {
        return false;
      }
    }
    return true;
  }

  private void unknownTable(String name, @Nullable Object value, TomlPosition at) {
    boolean table =
        value instanceof TomlTable
            || (value instanceof TomlArray a && a.size() > 0 && allTables(a));
    List<String> names =
        ConfigurationSchema.tables().stream().map(ConfigurationTable::name).toList();
    int column = at.column();
    if (at.line() <= lines.size()) {
      column = Math.max(column, lines.get(at.line() - 1).indexOf(name) + 1);
    }
    ConfigurationProblem c =
        new ConfigurationProblem(
            true,
            at.line(),
            column,
            Math.max(1, name.length()),
            (table
                ? "unknown table [" + name + "]"
                : "unknown key \"" + name + "\" before any table"),
            List.of(),
            List.of());
    Optional<String> near = SpellingSuggestion.to(name, names);
    if (table) {
      add(c.help(near.map(n -> "did you mean [" + n + "]?").orElse("tables: " + names)));
      return;
    }
    List<String> homes =
        ConfigurationSchema.tables().stream()
            .filter(t -> t.keys().stream().anyMatch(k -> k.name().equals(name)))
            .map(ConfigurationTable::heading)
            .toList();
    add(
        homes.isEmpty()
            ? c.help("every key stands under a table like [server]")
            : c.help(name + " stands under " + String.join(" or ", homes)));
  }

  private void readSection(ConfigurationTable table, TomlTable toml, int line) {
    Section section = new Section(table, line);
    heads.add(line);
    List<String> names = table.keys().stream().map(SettingKey::name).toList();
    for (String name : toml.keySet()) {
      TomlPosition at = at(toml.inputPositionOf(List.of(name)));
      Object value = toml.get(List.of(name));
      Optional<SettingKey<?>> key =
          table.keys().stream().filter(k -> k.name().equals(name)).findFirst();
      if (key.isEmpty()) {
        unknownKey(table, name, names, at);
      } else if (value != null) {
        read(section, key.get(), value, at);
      }
    }
    for (SettingKey<?> key : table.keys()) {
      if (key.required() && !toml.keySet().contains(key.name())) {
        add(
            about(true, section, table.heading() + " lacks \"" + key.name() + "\"")
                .help("add " + key.name() + " = " + key.example()));
      }
    }
    sections.computeIfAbsent(table.name(), n -> new ArrayList<>()).add(section);
  }

  private void unknownKey(
      ConfigurationTable table, String name, List<String> names, TomlPosition at) {
    ConfigurationProblem c =
        new ConfigurationProblem(
            true,
            at.line(),
            at.column(),
            Math.max(1, name.length()),
            "unknown key \"" + name + "\" in " + table.heading(),
            List.of(),
            List.of());
    Optional<String> near = SpellingSuggestion.to(name, names);
    if (near.isPresent()) {
      add(c.help("did you mean \"" + near.get() + "\"?"));
      return;
    }
    List<String> homes =
        ConfigurationSchema.tables().stream()
            .filter(t -> t.keys().stream().anyMatch(k -> k.name().equals(name)))
            .map(ConfigurationTable::heading)
            .toList();
    add(
        homes.isEmpty()
            ? c.help("keys of " + table.heading() + ": " + String.join(", ", names))
            : c.help(name + " stands under " + String.join(" or ", homes)));
  }

  private void read(Section section, SettingKey<?> key, Object raw, TomlPosition at) {
    SourcePosition place = valuePosition(at, key.name());
    if (!key.kind().list()) {
      Object value = read(section, key, raw, place);
      if (value != null) {
        section.put(
            key, new GivenValue(List.of(value), toml(raw), place.line, place.column, place.length));
      }
      return;
    }
    if (!(raw instanceof TomlArray array)) {
      invalidValue(section, key, raw, place, "a list in brackets: [ … ]");
      return;
    }
    List<Object> values = new ArrayList<>();
    StringBuilder text = new StringBuilder("[");
    for (int i = 0; i < array.size(); i++) {
      TomlPosition p = at(array.inputPositionOf(i));
      SourcePosition element =
          new SourcePosition(p.line(), p.column(), lengthAt(p.line(), p.column(), true));
      Object value = read(section, key, array.get(i), element);
      if (value != null) {
        values.add(value);
      }
      text.append(i == 0 ? "" : ", ").append(toml(array.get(i)));
    }
    section.put(
        key,
        new GivenValue(
            List.copyOf(values),
            text.append(']').toString(),
            place.line,
            place.column,
            place.length));
  }

  private @Nullable Object read(
      Section section, SettingKey<?> key, Object raw, SourcePosition place) {
    try {
      return key.kind().parser().apply(raw);
    } catch (SettingType.InvalidValue e) {
      String more = e.getMessage() == null ? "" : e.getMessage();
      invalidValue(section, key, raw, place, more);
      return null;
    }
  }

  private void invalidValue(
      Section section, SettingKey<?> key, Object raw, SourcePosition place, String more) {
    String was = raw instanceof String s ? "\"" + shortened(s) + "\"" : typeOf(raw);
    ConfigurationProblem c =
        new ConfigurationProblem(
            true,
            place.line,
            place.column,
            place.length,
            key.name() + " in " + section.table().heading() + " cannot be " + was,
            more.isEmpty() ? List.of() : List.of(more),
            List.of());
    Optional<String> near =
        raw instanceof String s ? SpellingSuggestion.to(s, key.kind().words()) : Optional.empty();
    if (near.isPresent()) {
      add(c.help("did you mean \"" + near.get() + "\"?"));
    } else {
      add(c.help("it takes " + key.kind().form()));
    }
  }

  private static String shortened(String s) {
    return s.length() > 60 ? s.substring(0, 60) + "…" : s;
  }

  private static String typeOf(Object raw) {
    return switch (raw) {
      case Long n -> "the number " + n;
      case Double d -> "the number " + d;
      case Boolean b -> b.toString();
      case TomlArray a -> "a list";
      case TomlTable t -> "a table";
      default -> "a date or time";
    };
  }

  private static String toml(Object raw) {
    return raw instanceof String s ? "\"" + Toml.tomlEscape(s) + "\"" : raw.toString();
  }

  private record SourcePosition(int line, int column, int length) {}

  /** The parser knows where the key begins; the caret belongs under the value. */
  private SourcePosition valuePosition(TomlPosition at, String name) {
    if (at.line() < 1 || at.line() > lines.size()) {
      return new SourcePosition(at.line(), at.column(), 1);
    }
    String line = lines.get(at.line() - 1);
    int i = line.indexOf('=', Math.min(line.length(), at.column() - 1 + name.length()));
    if (i < 0) {
      return new SourcePosition(at.line(), at.column(), name.length());
    }
    i++;
    while (i < line.length() && (line.charAt(i) == ' ' || line.charAt(i) == '\t')) {
      i++;
    }
    return new SourcePosition(at.line(), i + 1, lengthAt(at.line(), i + 1, false));
  }

  /** How far a value reaches within its line. */
  private int lengthAt(int number, int column, boolean element) {
    if (number < 1 || number > lines.size() || column > lines.get(number - 1).length()) {
      return 1;
    }
    String rest = lines.get(number - 1).substring(column - 1);
    char quote = rest.charAt(0);
    if (quote == '"' || quote == '\'') {
      int end = rest.indexOf(quote, 1);
      return end < 0 ? rest.length() : end + 1;
    }
    int end = 0;
    boolean list = quote == '[' && !element;
    while (end < rest.length()
        && rest.charAt(end) != '#'
        && (list || (rest.charAt(end) != ',' && rest.charAt(end) != ']'))) {
      end++;
    }
    return Math.max(1, rest.substring(0, end).stripTrailing().length());
  }
}

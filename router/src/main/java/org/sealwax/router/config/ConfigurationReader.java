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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.mail.settings.SpellingSuggestion;
import org.sealwax.router.config.ProblemPlace.Reported;
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

  /** Maximum number of problems in one report; more would hide the first. */
  static final int MAX_COMPLAINTS = 50;

  /** Syntax errors that are shown: what follows the first is often a consequence. */
  private static final int MAX_SYNTAX_ERRORS = 3;

  /**
   * Empty lines in a row. After a line that is broken the parser looks for where to go on, in a
   * time that grows with the cube of these: two thousand cost it twenty seconds.
   */
  static final int MAX_EMPTY = 100;

  /** An element of a list within its line: a string to its quote, anything else to its end. */
  private static final Pattern ELEMENT = Pattern.compile("\"[^\"]*\"?|'[^']*'?|[^#,\\]]+");

  /** A value: such an element, or a list. */
  private static final Pattern VALUE = Pattern.compile("\\[[^#]*|" + ELEMENT);

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
        reader.error(
            new SourcePosition(i + 1, 1, 1), "more than " + MAX_EMPTY + " empty lines in a row");
        reader.unparsable = true;
        return reader;
      }
    }
    TomlParseResult toml;
    try {
      toml = Toml.parse(text);
    } catch (RuntimeException | AssertionError | StackOverflowError e) {
      // The parser is recursive, and asserts what damaged input does not keep.
      reader.error(
          new SourcePosition(1, 1, 1),
          "not TOML: nested too deeply, or with errors that cannot be located");
      reader.unparsable = true;
      return reader;
    }
    for (TomlParseError e : toml.errors().stream().limit(MAX_SYNTAX_ERRORS).toList()) {
      TomlPosition at = e.position();
      TomlSyntaxError shown = TomlSyntaxError.of(e, reader.line(at.line()));
      reader
          .error(new SourcePosition(at.line(), at.column(), 1), shown.sentence())
          .help(shown.help());
      reader.unparsable = true;
    }
    reader.readTables(toml);
    return reader;
  }

  /** TOML's lines: a CR alone ends none. */
  static List<String> linesOf(String text) {
    List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
    if (lines.getLast().isEmpty()) {
      lines.removeLast();
    }
    lines.replaceAll(line -> line.endsWith("\r") ? line.substring(0, line.length() - 1) : line);
    return List.copyOf(lines);
  }

  /** The file's lines. */
  List<String> lines() {
    return lines;
  }

  /** The one section of a table; a section of defaults when the file does not have it. */
  Section section(String table) {
    List<Section> found = rows(table);
    return found.isEmpty()
        ? section(ConfigurationSchema.table(table).orElseThrow(), 0)
        : found.getFirst();
  }

  /** The section with the keys of a settings record. */
  Section section(Class<? extends Record> type) {
    return section(ConfigurationSchema.tableOf(type).name());
  }

  /** The rows of a repeated table, in order. */
  List<Section> rows(String table) {
    return sections.getOrDefault(table, List.of());
  }

  /** Everything wrong so far, by place, and once: the same may be seen on several ways. */
  List<ConfigurationProblem> problems() {
    return problems.stream()
        .distinct()
        .sorted(
            Comparator.comparingInt(ConfigurationProblem::line)
                .thenComparingInt(ConfigurationProblem::column))
        .limit(MAX_COMPLAINTS)
        .toList();
  }

  /** Whether the file has an error, so that it yields no settings. */
  boolean broken() {
    return problems.stream().anyMatch(ConfigurationProblem::error);
  }

  /**
   * Whether the text is not TOML: what could be read of it does not allow conclusions about the
   * rest.
   */
  boolean unparsable() {
    return unparsable;
  }

  /** Checks durations of all sections against those that bound them. */
  void checkBounds() {
    sections.values().stream()
        .flatMap(List::stream)
        .forEach(section -> new DeclaredChecks(section).checkBounds());
  }

  /**
   * Takes sections with errors out, so that the others can be looked at further: all errors are
   * reported together, and none that only follows from another.
   *
   * @return the tables that lost a section
   */
  Set<String> excludeInvalid() {
    Set<String> lost = new HashSet<>();
    Set<Integer> wrong = new HashSet<>();
    problems.stream()
        .filter(ConfigurationProblem::error)
        .forEach(c -> wrong.add(heads.floor(c.line())));
    sections.forEach(
        (name, all) -> {
          if (all.removeIf(s -> wrong.contains(s.line()))) {
            lost.add(name);
          }
        });
    return lost;
  }

  Reported add(ConfigurationProblem problem) {
    int index = problems.size();
    problems.add(inside(problem));
    return advice -> problems.set(index, problems.get(index).help(advice));
  }

  /** The parser may place what is missing, or what follows a string of lines, outside. */
  private ConfigurationProblem inside(ConfigurationProblem c) {
    if (c.line() < 1) {
      return c;
    }
    int line = Math.min(c.line(), Math.max(1, lines.size()));
    int width = line(line).length();
    int column = line < c.line() ? width + 1 : Math.clamp(c.column(), 1, width + 1);
    return c.at(new SourcePosition(line, column, c.at().length()));
  }

  private Reported error(SourcePosition at, String text) {
    return new ProblemPlace(this, at).error(text);
  }

  private Section section(ConfigurationTable table, int line) {
    int length = Math.max(1, line(line).strip().length());
    return new Section(table, new ProblemPlace(this, new SourcePosition(line, 1, length)));
  }

  private void readTables(TomlTable toml) {
    for (String name : toml.keySet()) {
      TomlPosition at = at(toml.inputPositionOf(List.of(name)));
      Optional<ConfigurationTable> known = ConfigurationSchema.table(name);
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
        String kind = table.repeated() ? "[[%s]] is a list of tables" : "[%s] is a single table";
        error(named(at, name), kind.formatted(name))
            .help("write " + table.heading() + " on a separate line");
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
    int column = Math.max(at.column(), line(at.line()).indexOf(name) + 1);
    SourcePosition place = named(TomlPosition.positionAt(at.line(), column), name);
    if (table) {
      List<String> names =
          ConfigurationSchema.tables().stream().map(ConfigurationTable::name).toList();
      error(place, "unknown table [" + name + "]")
          .help(
              SpellingSuggestion.to(name, names)
                  .map(near -> "did you mean [" + near + "]?")
                  .orElse("tables: " + String.join(", ", names)));
    } else if (!unparsable) {
      error(place, "unknown key \"" + name + "\" before any table")
          .help(elsewhere(name).orElse("every key belongs to a table like [server]"));
    }
  }

  private static SourcePosition named(TomlPosition at, String name) {
    return new SourcePosition(at.line(), at.column(), Math.max(1, name.length()));
  }

  /** The tables that have such a key. */
  private static Optional<String> elsewhere(String key) {
    List<String> homes =
        ConfigurationSchema.tables().stream()
            .filter(t -> t.key(key).isPresent())
            .map(ConfigurationTable::heading)
            .toList();
    return homes.isEmpty()
        ? Optional.empty()
        : Optional.of(key + " belongs to " + String.join(" or ", homes));
  }

  private void readSection(ConfigurationTable table, TomlTable toml, int line) {
    Section section = section(table, line);
    heads.add(line);
    int problemsBefore = problems.size();
    for (String name : toml.keySet()) {
      TomlPosition at = at(toml.inputPositionOf(List.of(name)));
      Object value = toml.get(List.of(name));
      Optional<SettingKey> key = table.key(name);
      if (key.isEmpty()) {
        unknownKey(table, name, at);
      } else if (value != null) {
        read(section, key.get(), value, at);
      }
    }
    for (SettingKey key : table.keys()) {
      // It may stand in the line that could not be read.
      if (!unparsable && key.declared().required() && !toml.keySet().contains(key.name())) {
        section
            .head()
            .error(table.heading() + " lacks \"" + key.name() + "\"")
            .help("add " + key.name() + " = " + key.example());
      }
    }
    List<Section> rows = sections.computeIfAbsent(table.name(), n -> new ArrayList<>());
    if (!unparsable && problems.size() == problemsBefore) {
      new DeclaredChecks(section).check(rows);
    }
    rows.add(section);
  }

  private void unknownKey(ConfigurationTable table, String name, TomlPosition at) {
    List<String> names = table.keys().stream().map(SettingKey::name).toList();
    String help =
        SpellingSuggestion.to(name, names)
            .map(near -> "did you mean \"" + near + "\"?")
            .or(() -> elsewhere(name))
            .orElse("keys of " + table.heading() + ": " + String.join(", ", names));
    error(named(at, name), "unknown key \"" + name + "\" in " + table.heading()).help(help);
  }

  private void read(Section section, SettingKey key, Object raw, TomlPosition at) {
    ProblemPlace place = new ProblemPlace(this, valuePosition(at, key.name()));
    if (!key.type().list()) {
      parsed(section, key, raw, place.position())
          .ifPresent(v -> section.put(key, new GivenValue(v, toml(raw), place)));
      return;
    }
    if (!(raw instanceof TomlArray array)) {
      invalidValue(
          section, key, raw, place.position(), InvalidSetting.because("a list in brackets: [ … ]"));
      return;
    }
    List<Object> values = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      SourcePosition element = textPosition(at(array.inputPositionOf(i)), ELEMENT);
      parsed(section, key, array.get(i), element).ifPresent(values::add);
      texts.add(toml(array.get(i)));
    }
    String text = "[" + String.join(", ", texts) + "]";
    section.put(key, new GivenValue(List.copyOf(values), text, place));
  }

  private Optional<Object> parsed(
      Section section, SettingKey key, Object raw, SourcePosition place) {
    try {
      return Optional.of(key.type().parser().apply(raw));
    } catch (InvalidSetting e) {
      invalidValue(section, key, raw, place, e);
      return Optional.empty();
    }
  }

  private void invalidValue(
      Section section, SettingKey key, Object raw, SourcePosition place, InvalidSetting why) {
    String was = raw instanceof String s ? "\"" + shortened(s) + "\"" : typeOf(raw);
    Optional<String> near =
        raw instanceof String s ? SpellingSuggestion.to(s, key.type().words()) : Optional.empty();
    add(
        new ConfigurationProblem(
            true,
            // After the quote.
            why.character().isEmpty() ? place : place.inside(1 + why.character().getAsInt()),
            key.name() + " in " + section.table().heading() + " cannot be " + was,
            why.text().isEmpty() ? List.of() : List.of(why.text()),
            List.of(
                near.map(word -> "did you mean \"" + word + "\"?")
                    .or(() -> Optional.ofNullable(why.help()))
                    .orElse("it takes " + key.type().form()))));
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

  private String line(int number) {
    return number < 1 || number > lines.size() ? "" : lines.get(number - 1);
  }

  /** The parser knows where the key begins; the caret belongs under the value. */
  private SourcePosition valuePosition(TomlPosition at, String name) {
    String line = line(at.line());
    int start = line.indexOf('=', Math.min(line.length(), at.column() - 1 + name.length())) + 1;
    if (start == 0) {
      return named(at, line.isEmpty() ? "" : name);
    }
    while (start < line.length() && (line.charAt(start) == ' ' || line.charAt(start) == '\t')) {
      start++;
    }
    return textPosition(TomlPosition.positionAt(at.line(), start + 1), VALUE);
  }

  /** How far a value reaches within its line. */
  private SourcePosition textPosition(TomlPosition at, Pattern form) {
    String line = line(at.line());
    Matcher text =
        form.matcher(line).region(Math.min(line.length(), at.column() - 1), line.length());
    return named(at, text.lookingAt() ? text.group().stripTrailing() : "");
  }
}

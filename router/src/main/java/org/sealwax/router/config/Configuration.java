package org.sealwax.router.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.settings.SettingKey;

/** A configuration that was read: settings that are all in order, or none and the reasons. */
public sealed interface Configuration {
  /** Warnings, or errors among them. */
  List<ConfigurationProblem> problems();

  /** All problems, as text for the admin. */
  String report();

  /**
   * A valid configuration.
   *
   * @param settings settings of the packages
   * @param problems warnings
   * @param effective every setting with its origin
   * @param report the warnings, as text for the admin
   */
  record ValidConfiguration(
      RouterSettings settings,
      List<ConfigurationProblem> problems,
      List<EffectiveSetting> effective,
      String report)
      implements Configuration {
    /** Copies. */
    public ValidConfiguration {
      problems = List.copyOf(problems);
      effective = List.copyOf(effective);
    }
  }

  /**
   * A configuration with errors.
   *
   * @param problems at least one error
   * @param report all of them, as text for the admin
   */
  record InvalidConfiguration(List<ConfigurationProblem> problems, String report)
      implements Configuration {
    /** Copies. */
    public InvalidConfiguration {
      problems = List.copyOf(problems);
    }

    /** The first error in one line, for a log. */
    public String firstError() {
      return problems.stream()
          .filter(ConfigurationProblem::error)
          .findFirst()
          .map(c -> "line " + c.line() + ": " + c.text())
          .orElse("");
    }
  }

  /** Errors in the table {@code [server]}, or a text that is not TOML. */
  final class InvalidServerTable extends IOException {
    private static final long serialVersionUID = 1L;

    private final String report;

    InvalidServerTable(String report) {
      super("the configuration has errors");
      this.report = report;
    }

    /** The errors of the whole file, as text for the admin. */
    public String report() {
      return report;
    }
  }

  /**
   * Reads a file; null for no file: every key has its default.
   *
   * @throws IOException when it cannot be read at all
   */
  static Configuration read(@Nullable Path file, MachineDefaults defaults) throws IOException {
    return file == null
        ? of(ConfigurationReader.empty(), Path.of(""), "", defaults, true)
        : of(ConfigurationReader.of(text(file)), folder(file), file.toString(), defaults, true);
  }

  /**
   * Reads the table {@code [server]} alone: what a command needs that asks a running server. Errors
   * elsewhere do not matter, and no other file is read.
   *
   * @param file null for no file: every key has its default
   * @throws InvalidServerTable when this table has errors
   * @throws IOException when the file cannot be read
   */
  static ServerSettings server(@Nullable Path file, MachineDefaults defaults) throws IOException {
    String text = file == null ? "" : text(file);
    ConfigurationReader reader =
        file == null ? ConfigurationReader.empty() : ConfigurationReader.of(text);
    Path folder = file == null ? Path.of("") : folder(file);
    // Where the text is not TOML, what was read of it shows nothing about the rest.
    if (reader.excludeInvalid().contains("server") || reader.unparsable()) {
      throw new InvalidServerTable(parse(text, folder, String.valueOf(file), defaults).report());
    }
    return new SettingsMapping(new TableRecords(reader, folder, false), defaults).server();
  }

  private static Path folder(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? Path.of("/") : parent;
  }

  /**
   * Reads a file as {@link #read} does.
   *
   * @throws IOException when it cannot be read, or is not UTF-8, as TOML must be
   */
  static String text(Path file) throws IOException {
    String text = RegularFile.text(file, StandardCharsets.UTF_8, ConfigurationReader.MAX_SIZE);
    // Some editors begin a file with this mark.
    return text.startsWith("\ufeff") ? text.substring(1) : text;
  }

  /**
   * Reads a text as if it stood in {@code name} within {@code folder}; does not open other files.
   */
  static Configuration parse(String text, Path folder, String name, MachineDefaults defaults) {
    return of(ConfigurationReader.of(text), folder, name, defaults, false);
  }

  private static Configuration of(
      ConfigurationReader reader,
      Path folder,
      String name,
      MachineDefaults defaults,
      boolean looksAtFiles) {
    RouterSettings settings = null;
    if (!reader.unparsable()) {
      Set<String> lost = new HashSet<>(reader.excludeInvalid());
      reader.checkBounds();
      lost.addAll(reader.excludeInvalid());
      TableRecords tables = new TableRecords(reader, folder, looksAtFiles);
      settings = new SettingsMapping(tables, defaults).settings();
      new SettingCombinationChecks(tables, settings, lost).check();
      if (!reader.broken()) {
        new PolicyRowChecks(reader, settings.forward(), settings.deliver()).check();
      }
    }
    List<ConfigurationProblem> problems = reader.problems();
    StringBuilder report = new StringBuilder();
    for (ConfigurationProblem c : problems) {
      report.append(c.render(name, reader.lines())).append('\n');
    }
    if (settings == null || reader.broken()) {
      return new InvalidConfiguration(problems, report.toString());
    }
    return new ValidConfiguration(settings, problems, effective(reader, name), report.toString());
  }

  private static List<EffectiveSetting> effective(ConfigurationReader reader, String name) {
    List<EffectiveSetting> all = new ArrayList<>();
    for (ConfigurationTable table : ConfigurationSchema.tables()) {
      if (!table.repeated()) {
        all.addAll(effective(reader.section(table.name()), 0, name));
        continue;
      }
      int row = 0;
      for (Section s : reader.rows(table.name())) {
        all.addAll(effective(s, ++row, name));
      }
    }
    return all;
  }

  private static List<EffectiveSetting> effective(Section section, int row, String name) {
    List<EffectiveSetting> all = new ArrayList<>();
    for (SettingKey key : section.table().keys()) {
      Section.GivenValue given = section.explicit(key.name());
      String heading = section.table().heading();
      String origin =
          given != null
              ? name + ":" + given.at().line()
              : key.fallback() == null ? "left out" : "default";
      all.add(new EffectiveSetting(heading, row, key.name(), section.text(key), origin));
    }
    return all;
  }
}

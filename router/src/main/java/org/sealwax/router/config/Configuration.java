package org.sealwax.router.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.MachineDefaults;
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
   * @param state the state folder, where that much can be read: a server that runs there reads the
   *     same file; else null
   */
  record InvalidConfiguration(
      List<ConfigurationProblem> problems, String report, @Nullable Path state)
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

  /**
   * Reads a file; null is no file, so every default.
   *
   * @throws IOException when it cannot be read at all
   */
  static Configuration read(@Nullable Path file, MachineDefaults defaults) throws IOException {
    if (file == null) {
      return of(ConfigurationReader.empty(), Path.of(""), "", defaults, true);
    }
    if (Files.size(file) > ConfigurationReader.MAX_SIZE) {
      throw new IOException(file + " is larger than " + ConfigurationReader.MAX_SIZE + " octets");
    }
    byte[] bytes = Files.readAllBytes(file);
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException(file + " is not UTF-8, as TOML must be", e);
    }
    Path parent = file.toAbsolutePath().getParent();
    Path folder = parent == null ? Path.of("/") : parent;
    return of(ConfigurationReader.of(text), folder, file.toString(), defaults, true);
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
      new SettingCombinationChecks(reader).check();
      lost.addAll(reader.excludeInvalid());
      // Other rows refer to pipes: without one of them they would seem wrong.
      if (!lost.contains("pipe")) {
        settings = new SettingsMapping(reader, folder, defaults, looksAtFiles).settings();
      }
      if (settings != null && !reader.broken()) {
        new PolicyRowChecks(reader, settings.forward(), settings.deliver()).check();
      }
    }
    List<ConfigurationProblem> problems = reader.problems();
    StringBuilder report = new StringBuilder();
    for (ConfigurationProblem c : problems) {
      report.append(c.render(name, reader.lines())).append('\n');
    }
    if (settings == null || reader.broken()) {
      Path state = settings == null ? null : settings.server().state();
      return new InvalidConfiguration(problems, report.toString(), state);
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
      String usual = key.fallback();
      String value = given != null ? given.text() : usual == null ? "" : usual;
      String origin =
          given != null ? name + ":" + given.at().line() : usual == null ? "left out" : "default";
      all.add(new EffectiveSetting(heading, row, key.name(), value, origin));
    }
    return all;
  }
}

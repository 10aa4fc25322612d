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
import org.sealwax.mail.cli.Machine;

/** A configuration that was read: settings that are all in order, or none and the reasons. */
public sealed interface Configuration {
  /** Warnings, or errors among them. */
  List<Complaint> complaints();

  /** All complaints for a person. */
  String report();

  /**
   * In order.
   *
   * @param settings what the rooms get
   * @param complaints warnings
   * @param effective every setting with its origin
   * @param report the warnings for a person
   */
  record Sound(
      Settings settings, List<Complaint> complaints, List<Effective> effective, String report)
      implements Configuration {
    /** Copies. */
    public Sound {
      complaints = List.copyOf(complaints);
      effective = List.copyOf(effective);
    }
  }

  /**
   * Not in order.
   *
   * @param complaints at least one error
   * @param report all of them for a person
   * @param state the state folder, where that much can be read: a server that runs there reads the
   *     same file; else null
   */
  record Broken(List<Complaint> complaints, String report, @Nullable Path state)
      implements Configuration {
    /** Copies. */
    public Broken {
      complaints = List.copyOf(complaints);
    }

    /** The first error in one line, for a log. */
    public String firstError() {
      return complaints.stream()
          .filter(Complaint::error)
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
  static Configuration read(@Nullable Path file, Machine machine) throws IOException {
    if (file == null) {
      return of(Reading.empty(), Path.of(""), "", machine, true);
    }
    if (Files.size(file) > Reading.MAX_SIZE) {
      throw new IOException(file + " is larger than " + Reading.MAX_SIZE + " octets");
    }
    byte[] octets = Files.readAllBytes(file);
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(octets)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException(file + " is not UTF-8, as TOML must be", e);
    }
    Path parent = file.toAbsolutePath().getParent();
    Path folder = parent == null ? Path.of("/") : parent;
    return of(Reading.of(text), folder, file.toString(), machine, true);
  }

  /** Reads a text as if it stood in {@code name} within {@code folder}; looks at no files. */
  static Configuration parse(String text, Path folder, String name, Machine machine) {
    return of(Reading.of(text), folder, name, machine, false);
  }

  private static Configuration of(
      Reading reading, Path folder, String name, Machine machine, boolean looksAtFiles) {
    Settings settings = null;
    if (!reading.torn()) {
      Set<String> lost = new HashSet<>(reading.setAsideBroken());
      new Rules(reading).check();
      lost.addAll(reading.setAsideBroken());
      // Other rows refer to pipes: without one of them they would seem wrong.
      if (!lost.contains(Schema.Pipe.TABLE.name())) {
        settings = new Mapping(reading, folder, machine, looksAtFiles).settings();
      }
      if (settings != null && !reading.broken()) {
        new PolicyRules(reading, settings.forward(), settings.deliver()).check();
      }
    }
    List<Complaint> complaints = reading.complaints();
    StringBuilder report = new StringBuilder();
    for (Complaint c : complaints) {
      report.append(c.render(name, reading.lines())).append('\n');
    }
    if (settings == null || reading.broken()) {
      Path state = settings == null ? null : settings.server().state();
      return new Broken(complaints, report.toString(), state);
    }
    return new Sound(settings, complaints, effective(reading, name), report.toString());
  }

  private static List<Effective> effective(Reading reading, String name) {
    List<Effective> all = new ArrayList<>();
    for (Table table : Schema.tables()) {
      if (!table.repeated()) {
        all.addAll(effective(reading.one(table), 0, name));
        continue;
      }
      int row = 0;
      for (Section s : reading.rows(table)) {
        all.addAll(effective(s, ++row, name));
      }
    }
    return all;
  }

  private static List<Effective> effective(Section section, int row, String name) {
    List<Effective> all = new ArrayList<>();
    for (Key<?> key : section.table().keys()) {
      Section.Given given = section.given(key);
      String heading = section.table().heading();
      if (given != null) {
        String origin = name + ":" + given.line();
        all.add(new Effective(heading, row, key.name(), given.text(), origin));
      } else if (key.fallback() != null) {
        all.add(new Effective(heading, row, key.name(), key.fallback(), "default"));
      } else {
        all.add(new Effective(heading, row, key.name(), "", "left out"));
      }
    }
    return all;
  }
}

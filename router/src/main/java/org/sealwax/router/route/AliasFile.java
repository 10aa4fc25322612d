package org.sealwax.router.route;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.router.route.InvalidFileException.FileError;

/**
 * Reads alias files.
 *
 * <pre>{@code
 * # a comment; a line that begins with white space continues the one before
 * bugs:            pipe:tracker, alice@example.org
 * alice:           alice@example.org     # after white space
 * "odd name":      alice                 # another alias here
 * team:            alice, bob@example.net,
 *                  :include:lists/team
 * info@b.example:  bob@example.net       # only in b.example, when domains share the file
 * *:               postmaster@example.org
 * @b.example:      bob@example.net
 * }</pre>
 *
 * All errors are found in one run. A list that is included has one target a line; relative paths
 * begin at the alias file's folder.
 */
final class AliasFile {
  /** Bytes of a file: more than a million aliases. */
  static final int MAX_SIZE = 64 << 20;

  /**
   * Targets of one alias, lists included; above this it is a mailing list, which has other needs.
   */
  static final int MAX_TARGETS = 1000;

  /** Flaws that are reported together. */
  static final int MAX_FLAWS = 50;

  /** Files that one alias file may include. */
  static final int MAX_INCLUDES = 1000;

  private static final String INCLUDE = ":include:";

  private record FilePosition(Path file, int line, int column, String text) {}

  private record PendingAlias(String name, FilePosition place, String domain) {}

  private final Path file;
  private final boolean caseSensitive;
  private final Set<String> pipes;
  private final Map<String, String> entries = new HashMap<>();
  private final Map<Path, Set<String>> files = new HashMap<>();
  private final List<PendingAlias> pending = new ArrayList<>();
  private final List<FileError> flaws = new ArrayList<>();
  private @Nullable String key;
  private Set<String> targets = new LinkedHashSet<>();
  private FilePosition keyPlace;

  private AliasFile(Path file, boolean caseSensitive, Set<String> pipes) {
    this.file = file;
    this.caseSensitive = caseSensitive;
    this.pipes = pipes;
    this.keyPlace = new FilePosition(file, 1, 1, "");
  }

  /**
   * Reads a file and the lists it includes.
   *
   * @throws InvalidFileException with every flaw
   * @throws IOException when a file cannot be read
   */
  static WatchedFile.FileContents<AliasTable> read(
      Path file, boolean caseSensitive, Set<String> pipes) throws IOException {
    AliasFile reader = new AliasFile(file, caseSensitive, pipes);
    int number = 0;
    for (String line : lines(file)) {
      reader.line(line, ++number);
    }
    reader.endEntry();
    reader.checkPending();
    if (!reader.flaws.isEmpty()) {
      throw new InvalidFileException(reader.flaws);
    }
    AliasTable table = new AliasTable(reader.entries, caseSensitive);
    reader.files.put(file, table.names());
    return new WatchedFile.FileContents<>(table, reader.files);
  }

  static List<String> lines(Path file) throws IOException {
    return RegularFile.lines(file, StandardCharsets.UTF_8, MAX_SIZE);
  }

  private void line(String line, int number) {
    int start = skipSpace(line, 0);
    if (start == line.length() || line.charAt(start) == '#') {
      return;
    }
    if (start > 0) {
      if (key == null) {
        flaw(new FilePosition(file, number, start + 1, line), "this line continues no entry", null);
      } else {
        targets(new FilePosition(file, number, 1, line), start);
      }
      return;
    }
    endEntry();
    int colon = endOfName(line);
    if (colon < 0) {
      flaw(
          new FilePosition(file, number, line.length() + 1, line),
          "a line needs a name, a colon and targets",
          "name: someone@example.org");
      return;
    }
    keyPlace = new FilePosition(file, number, 1, line);
    key = key(line.substring(0, colon).strip());
    if (key == null) {
      flaw(keyPlace, "not a valid alias name", null);
      // Its targets are checked nevertheless: one run shows all flaws.
      key = "";
    }
    targets(new FilePosition(file, number, 1, line), colon + 1);
  }

  private @Nullable String key(String name) {
    if (name.equals("*")) {
      return AliasTable.ANY;
    }
    if (name.startsWith("@")) {
      return org.sealwax.mail.address.Domain.parse(name.substring(1))
          .map(d -> "@" + d.name())
          .orElse(null);
    }
    // Unquoted, "@" and "*" are this file's own signs; quoted, they must not be taken for them.
    return AddressText.parse(name)
        .filter(n -> !n.local().equals(AliasTable.ANY) && !n.local().startsWith("@"))
        .filter(n -> n.domain() != null || n.local().indexOf('@') < 0)
        .map(
            n ->
                AliasTable.folded(n.local(), caseSensitive)
                    + (n.domain() == null ? "" : "@" + n.domain()))
        .orElse(null);
  }

  private static int endOfName(String line) {
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quoted && c == '\\') {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ':' && !quoted) {
        return i;
      }
    }
    return -1;
  }

  private void targets(FilePosition line, int from) {
    String text = line.text();
    int at = skipSpace(text, from);
    while (at < text.length()) {
      int end = endOfTarget(text, at);
      boolean comment = end < text.length() && text.charAt(end) == '#';
      String target = text.substring(at, end).strip();
      if (!target.isEmpty()) {
        target(target, new FilePosition(line.file(), line.line(), at + 1, text));
      } else if (!comment) {
        flaw(new FilePosition(line.file(), line.line(), at + 1, text), "a target is missing", null);
      }
      if (comment) {
        return;
      }
      at = skipSpace(text, end + 1);
    }
  }

  // At the comma, at the # of a comment, or at the end.
  private static int endOfTarget(String text, int from) {
    boolean quoted = false;
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted && c == '\\') {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted
          && (c == ',' || (c == '#' && (i == from || isSpace(text.charAt(i - 1)))))) {
        return i;
      }
    }
    return text.length();
  }

  private void target(String target, FilePosition place) {
    if (target.startsWith(INCLUDE)) {
      include(target.substring(INCLUDE.length()).strip(), place);
    } else {
      plain(target, place);
    }
  }

  private void include(String path, FilePosition place) {
    if (path.isEmpty()) {
      flaw(place, "a file name is missing", ":include:lists/team");
      return;
    }
    if (path.indexOf('\0') >= 0) {
      flaw(place, "not a valid file name", null);
      return;
    }
    Path list = file.resolveSibling(path);
    if (!files.containsKey(list) && files.size() == MAX_INCLUDES) {
      flaw(place, "more than " + MAX_INCLUDES + " lists are included", null);
      return;
    }
    Set<String> members = new HashSet<>();
    files.put(list, members);
    List<String> lines;
    try {
      lines = lines(list);
    } catch (IOException e) {
      flaw(place, "the list cannot be read: " + FailureText.of(e), null);
      return;
    }
    int number = 0;
    for (String line : lines) {
      number++;
      int start = skipSpace(line, 0);
      int end = endOfTarget(line, start);
      String text = line.substring(start, end).strip();
      FilePosition inside = new FilePosition(list, number, start + 1, line);
      if (end < line.length() && line.charAt(end) == ',') {
        flaw(inside, "a list has one target per line", null);
      } else if (text.startsWith(INCLUDE)) {
        flaw(inside, "a list cannot include another", null);
      } else if (!text.isEmpty()) {
        members.add(text);
        plain(text, inside);
      }
    }
  }

  private void plain(String target, FilePosition place) {
    if (target.startsWith("|") || target.startsWith("\"|")) {
      flaw(
          place,
          "an alias file cannot contain a command",
          "define a [[pipe]] in the configuration and write pipe:NAME");
    } else if (target.startsWith("/") || target.startsWith("~") || target.startsWith(":")) {
      flaw(place, "a target is an address, another alias, pipe:NAME or :include:FILE", null);
    } else if (target.startsWith(AliasTable.PIPE)) {
      String name = target.substring(AliasTable.PIPE.length());
      if (pipes.contains(name)) {
        add(target, place);
      } else {
        flaw(
            place,
            "there is no [[pipe]] named \"" + name + "\"",
            pipes.isEmpty()
                ? null
                : "known pipes: " + String.join(", ", pipes.stream().sorted().toList()));
      }
    } else {
      var name = AddressText.parse(target);
      if (name.isEmpty()) {
        boolean spaced = target.indexOf(' ') > 0 && target.indexOf('"') < 0;
        flaw(place, "not an address", spaced ? "targets are separated by commas" : null);
      } else if (name.get().domain() == null) {
        pending.add(new PendingAlias(name.get().local(), place, domainOfKey()));
        add(target, place);
      } else {
        add(target, place);
      }
    }
  }

  private String domainOfKey() {
    int at = key == null ? -1 : key.lastIndexOf('@');
    return at < 0 || key == null ? "" : key.substring(at);
  }

  private void add(String target, FilePosition place) {
    if (targets.size() == MAX_TARGETS && !targets.contains(target)) {
      flaw(place, "an alias leads to at most " + MAX_TARGETS + " targets", "use a list server");
    }
    if (targets.size() <= MAX_TARGETS) {
      targets.add(target);
    }
  }

  private void endEntry() {
    if (key == null) {
      return;
    }
    if (targets.isEmpty() && flaws.isEmpty()) {
      flaw(keyPlace, "this name has no target", "remove the line to reject mail for it");
    }
    if (!key.isEmpty() && entries.putIfAbsent(key, String.join("\n", targets)) != null) {
      flaw(keyPlace, "this name is defined twice", null);
    }
    key = null;
    targets = new LinkedHashSet<>();
  }

  private void checkPending() {
    for (PendingAlias p : pending) {
      String name = AliasTable.folded(p.name(), caseSensitive);
      boolean known =
          entries.containsKey(name)
              || entries.containsKey(AliasTable.ANY)
              || (!p.domain().isEmpty()
                  && (entries.containsKey(name + p.domain()) || entries.containsKey(p.domain())));
      if (!known) {
        flaw(
            p.place(),
            "there is no alias \"" + p.name() + "\" here",
            "add a domain, or define the alias");
      }
    }
  }

  private void flaw(FilePosition place, String problem, @Nullable String help) {
    if (flaws.size() < MAX_FLAWS) {
      flaws.add(
          new FileError(place.file(), place.line(), place.column(), place.text(), problem, help));
    }
  }

  private static int skipSpace(String text, int from) {
    int at = from;
    while (at < text.length() && isSpace(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static boolean isSpace(char c) {
    return c == ' ' || c == '\t' || c == '\r';
  }
}

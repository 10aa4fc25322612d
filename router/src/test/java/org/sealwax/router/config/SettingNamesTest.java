package org.sealwax.router.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Documents, manual pages, advice and messages name only settings that exist. (Decisions in
 * docs/adr name those of their time.)
 */
final class SettingNamesTest {
  private static final List<Path> PLACES =
      List.of(
          Path.of("README.md"),
          Path.of("ARCHITECTURE.md"),
          Path.of("SECURITY.md"),
          Path.of("docs"),
          Path.of("dist"),
          Path.of("scenarios"),
          Path.of("mail/src/main"),
          Path.of("testkit/src/main"),
          Path.of("router/src/main"),
          Path.of("assess/src/main"),
          Path.of("lab/src/main"),
          Path.of("app/src/main"));

  /**
   * {@code [table] word} or {@code [[table]] word}, with backticks around both, around each, or
   * around none: where they end after the table, a plain word is none of its keys; nor is a domain.
   */
  private static final Pattern SETTING =
      Pattern.compile(
          "(`?)(\\[\\[?)([a-z][a-z_]*)(\\]\\]?)(?: +|` +`|\\*+ +\\*+)([a-z][a-z0-9_]*+)(?!\\.[a-z])( *=)?");

  private static final Pattern LINE_END = Pattern.compile("(?<=[^\n])\n *(?=[^\\s|`#\\[])");

  private static final Pattern CONCATENATION = Pattern.compile("\"\\s*\\+\\s*\"");

  /** A table at the beginning of a line, and a key, in an example. */
  private static final Pattern HEADING =
      Pattern.compile("(\\[\\[?)([a-z][a-z_]*)(\\]\\]?) *(#.*)?");

  private static final Pattern ASSIGNMENT = Pattern.compile("([a-z][a-z_]*) *= *\\S.*");

  /** A name with an underscore, in backticks. */
  private static final Pattern NAME = Pattern.compile("`([a-z]+(?:_[a-z0-9]+)+)`");

  /** English words that follow the name of a table. */
  private static final Set<String> WORDS =
      Set.of(
          "and", "for", "has", "states", "is", "named", "names", "of", "or", "per", "entry",
          "entries", "says", "with", "in", "are", "that", "to", "holds", "only", "applies", "table",
          "at", "into");

  /** Words in brackets that stand for a value. */
  private static final Set<String> PLACEHOLDERS = Set.of("host", "address", "options", "id", "i");

  /** A table by itself. */
  private static final Pattern TABLE = Pattern.compile("`(\\[\\[?)([a-z][a-z_]*)(\\]\\]?)`");

  /** A table and a key with a dot between them. */
  private static final Pattern DOTTED = Pattern.compile("`([a-z_]+)\\.([a-z]+(?:_[a-z0-9]+)+)`");

  private static List<Path> files(String... endings) throws IOException {
    List<Path> out = new ArrayList<>();
    for (Path place : PLACES) {
      try (Stream<Path> all = Files.walk(place)) {
        all.filter(Files::isRegularFile)
            .filter(f -> !f.startsWith("docs/adr"))
            .filter(f -> Stream.of(endings).anyMatch(e -> f.toString().endsWith(e)))
            .forEach(out::add);
      }
    }
    return out;
  }

  private static String text(Path file) throws IOException {
    // Manual pages escape hyphens and set bold between words.
    return Files.readString(file, StandardCharsets.UTF_8).replace("\\-", "-").replace("\\fB", "");
  }

  /** A sentence goes on over the ends of lines, and a message over the parts of its literal. */
  private static String joined(String text, String fileName) {
    return fileName.endsWith(".md")
        ? LINE_END.matcher(text).replaceAll(" ")
        : fileName.endsWith(".java") ? CONCATENATION.matcher(text).replaceAll("") : text;
  }

  /** What is wrong with a mention of a setting; empty when nothing is, or when it is none. */
  private static String wrong(String open, String name, String close, String word, boolean set) {
    if (open.length() != close.length()) {
      return "";
    }
    List<ConfigurationTable> named =
        ConfigurationSchema.tables().stream().filter(t -> t.name().equals(name)).toList();
    if (named.isEmpty()) {
      return set || !PLACEHOLDERS.contains(name) ? "no table [" + name + "]" : "";
    }
    if (named.stream().noneMatch(t -> t.repeated() == (open.length() == 2))) {
      return "it is " + named.getFirst().heading();
    }
    boolean key =
        named.stream().anyMatch(t -> t.keys().stream().anyMatch(k -> k.name().equals(word)));
    return key || (!set && WORDS.contains(word))
        ? ""
        : named.getFirst().heading() + " has no " + word;
  }

  private static List<String> mentions(String text) {
    List<String> out = new ArrayList<>();
    for (String line : text.lines().toList()) {
      Matcher m = SETTING.matcher(line);
      while (m.find()) {
        String wrong =
            wrong(
                m.group(2),
                m.group(3),
                m.group(4),
                m.group(5),
                !m.group(1).isEmpty() || m.group(6) != null);
        if (!wrong.isEmpty()) {
          out.add(m.group() + ": " + wrong);
        }
      }
      Matcher alone = TABLE.matcher(line);
      while (alone.find()) {
        String heading = alone.group(1) + alone.group(2) + alone.group(3);
        if (!PLACEHOLDERS.contains(alone.group(2))
            && ConfigurationSchema.tables().stream().noneMatch(t -> t.heading().equals(heading))) {
          out.add("no table " + heading);
        }
      }
      Matcher dotted = DOTTED.matcher(line);
      while (dotted.find()) {
        if (ConfigurationSchema.tables().stream().anyMatch(t -> t.name().equals(dotted.group(1)))
            && ConfigurationSchema.tables().stream()
                .filter(t -> t.name().equals(dotted.group(1)))
                .noneMatch(
                    t -> t.keys().stream().anyMatch(k -> k.name().equals(dotted.group(2))))) {
          out.add(dotted.group() + ": no such key");
        }
      }
    }
    return out;
  }

  /** Tables and keys of an example, line by line; only those of a sealwax.toml. */
  private static List<String> example(List<String> lines) {
    List<String> out = new ArrayList<>();
    String heading = "";
    for (String raw : lines) {
      String line = raw.strip();
      Matcher table = HEADING.matcher(line);
      if (table.matches()) {
        heading = table.group(1) + table.group(2) + table.group(3);
        String named = heading;
        if (ConfigurationSchema.tables().stream().noneMatch(t -> t.heading().equals(named))) {
          out.add("no table " + heading);
        }
        continue;
      }
      Matcher key = ASSIGNMENT.matcher(line);
      if (key.matches() && !heading.isEmpty()) {
        String named = heading;
        boolean there =
            ConfigurationSchema.tables().stream()
                .filter(t -> t.heading().equals(named))
                .anyMatch(t -> t.keys().stream().anyMatch(k -> k.name().equals(key.group(1))));
        if (!there) {
          out.add(heading + " has no " + key.group(1));
        }
      }
    }
    return out;
  }

  @Test
  void everyTableWithAKeyIsInTheSchema() throws IOException {
    List<String> wrong = new ArrayList<>();
    int read = 0;
    for (Path file : files(".md", ".java", ".txt", ".1", ".5", ".sample", ".service", "/run")) {
      read++;
      mentions(joined(text(file), file.toString())).forEach(w -> wrong.add(file + ": " + w));
    }
    assertEquals(List.of(), wrong);
    assertTrue(read > 300, read + " files");
  }

  /** However it is written: alone, over the end of a line, in two literals, with a dot. */
  @Test
  void everyWrongMentionIsFound() {
    for (String wrong :
        List.of(
            "`[tls] engine`",
            "`[tls]`",
            "set [tls] engine",
            "`[dns] cache_entries`",
            "`[dns]` `cache_entries`",
            "[queue] lifetimes = \"5d\"",
            "`[[dns]] resolvers`",
            "`[policy] level`",
            "`deliver.allow_target`",
            "use `[ledger]\ngreet_hosts` where",
            "see [sts]\nfirst_hold")) {
      assertEquals(1, mentions(joined(wrong, "a.md")).size(), wrong);
    }
    assertEquals(1, mentions(joined("\"use [dns] \"\n    + \"cache_entries\"", "A.java")).size());
    assertEquals(
        List.of(),
        mentions(joined("`[dns]\nresolvers`, `[[policy]]`, `deliver.allow_targets`", "a.md")));
  }

  /** Whether an example is one of a sealwax.toml: it has one of its tables. */
  private static boolean isSealwaxSetting(List<String> block) {
    return block.stream()
        .map(l -> HEADING.matcher(l.strip()))
        .anyMatch(
            m ->
                m.matches()
                    && ConfigurationSchema.tables().stream()
                        .anyMatch(t -> t.name().equals(m.group(2))));
  }

  @Test
  void everyExampleHasTablesAndKeysOfTheSchema() throws IOException {
    List<String> wrong = new ArrayList<>();
    int examples = 0;
    for (Path file : files(".md")) {
      List<String> block = new ArrayList<>();
      boolean inside = false;
      for (String line : text(file).lines().toList()) {
        if (line.strip().startsWith("```")) {
          if (inside && isSealwaxSetting(block)) {
            examples++;
            example(block).forEach(w -> wrong.add(file + ": " + w));
          }
          block.clear();
          inside = !inside;
        } else if (inside) {
          block.add(line);
        }
      }
    }
    for (Path file : files(".toml")) {
      examples++;
      example(text(file).lines().toList()).forEach(w -> wrong.add(file + ": " + w));
    }
    assertEquals(List.of(), wrong);
    assertTrue(examples > 2, examples + " examples");
  }

  /** {@code cache_entries} where the key is {@code cache}. */
  @Test
  void noNameExtendsAKey() throws IOException {
    Set<String> keys = new HashSet<>();
    ConfigurationSchema.tables().forEach(t -> t.keys().forEach(k -> keys.add(k.name())));
    List<String> wrong = new ArrayList<>();
    for (Path file : files(".md")) {
      Matcher m = NAME.matcher(text(file));
      while (m.find()) {
        String name = m.group(1);
        if (!keys.contains(name) && keys.stream().anyMatch(k -> name.startsWith(k + "_"))) {
          wrong.add(file + ": `" + name + "`");
        }
      }
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void unknownNamesAreFound() {
    assertEquals(1, mentions("set `[tls] engine = \"boringssl\"`").size());
    assertEquals(1, mentions("set [[queue]] lifetime").size());
    assertEquals(1, mentions("set `[queue]` `lifetme`").size());
    assertEquals(1, mentions("see [dns] cache_entries").size());
    assertEquals(List.of(), mentions("[queue] lifetime and `[[policy]]` entries, [dns] `cache`"));
    assertEquals(
        List.of("[dns] has no cache_entries", "no table [tls]"),
        example(List.of("[dns]", "cache = 5", "cache_entries = 5 # x", "[tls]")));
  }
}

package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Texts that people read are in plain English: docs/words.txt lists the words that they avoid, with
 * what to write instead. Prose of the documents wraps at 100 columns.
 */
final class ProseTest {
  private static final Path LIST = Path.of("docs/words.txt");
  private static final int COLUMNS = 100;
  private static final int PAGE = 80;

  /** What is not ours: registries, and data of other parties. */
  private static final Set<String> FOREIGN = Set.of("LICENSE", "public_suffix_list.dat");

  /** Wide by nature: a generated list, what programs printed, and names without breaks. */
  private static final Set<Path> UNWRAPPED =
      Set.of(
          Path.of("CHANGELOG.md"),
          Path.of("docs/rfc-index.md"),
          Path.of("docs/lab/records.md"),
          Path.of("docs/names.md"));

  private static final Pattern JAVA_TOKEN =
      Pattern.compile(
          "\"\"\"(?s:.)*?\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*+\"|'(?:\\\\.|[^'\\\\])++'"
              + "|//[^\\n]*+|/\\*(?s:.)*?\\*/");

  /** Comments of scripts and dialogues, and what a scenario prints. */
  private static final Pattern SCRIPT_TEXT =
      Pattern.compile(
          "(?m)^\\s*#.*(?:\\n#.*)*|(?<=\\b(?:say|fail) )\".*|(?<=\\bawait \\d\\d )\"[^\"]*"
              + "|\"\"\"(?s:.)*?\"\"\"|/\\*(?s:.)*?\\*/");

  private static final Pattern CODE = Pattern.compile("`[^`\\n]++`|\\{@(?:code|link)\\s[^}]*+\\}");

  /** Where a comment or a paragraph continues in the next line. */
  private static final Pattern LINE_BREAK = Pattern.compile("\\s*\\n\\s*(?:\\*(?!/)|//|#)? ?");

  /** Words or phrases that are avoided, and what to write. */
  private static final Map<Pattern, String> ADVICE = new LinkedHashMap<>();

  /** An exception: the end of a file's path, and the words there; without words all of them. */
  private record Exemption(String file, String words) {}

  private static final List<Exemption> EXEMPTIONS = new ArrayList<>();

  @BeforeAll
  static void readTheList() throws IOException {
    for (String line : Files.readAllLines(LIST)) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      String[] sides = line.split(" = ", 2);
      assertEquals(2, sides.length, line);
      if (sides[0].startsWith("except ")) {
        String[] place = sides[0].substring("except ".length()).split(": ", 2);
        EXEMPTIONS.add(new Exemption(place[0], place.length == 1 ? "" : place[1]));
      } else {
        ADVICE.put(pattern(sides[0]), sides[1]);
      }
    }
  }

  private static Pattern pattern(String words) {
    if (words.startsWith("/")) {
      return Pattern.compile("(?i)" + words.substring(1, words.length() - 1));
    }
    return Arrays.stream(words.split(", "))
        .map(w -> w.replace("*", "\\w*").replace(" ", "\\s+"))
        .collect(
            Collectors.collectingAndThen(
                Collectors.joining("|", "(?i)(?<![\\w./-])(?:", ")(?![\\w(=@-])"),
                Pattern::compile));
  }

  @Test
  void textsDoWithoutTheWordsOfTheList() throws IOException {
    Set<String> wrong = new TreeSet<>();
    Set<Exemption> used = new HashSet<>();
    int texts = 0;
    for (Path file : files()) {
      for (String text : texts(file)) {
        texts++;
        String plain =
            LINE_BREAK
                .matcher(CODE.matcher(text).replaceAll("…"))
                .replaceAll(" ")
                .replaceAll(" {2,}", " ");
        for (Map.Entry<Pattern, String> entry : ADVICE.entrySet()) {
          for (MatchResult m : entry.getKey().matcher(plain).results().toList()) {
            if (!isExempt(file, plain, m, used)) {
              wrong.add(
                  "%s: \"%s\" in \"%s\"; write: %s"
                      .formatted(file, m.group(), around(plain, m), entry.getValue()));
            }
          }
        }
      }
    }
    assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    assertTrue(texts > 10_000, "only " + texts + " were found");
    EXEMPTIONS.stream()
        .filter(e -> !e.words().isEmpty() && !used.contains(e))
        .forEach(e -> wrong.add("no such words any more: " + e));
    assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
  }

  /** A text that continues in another literal keeps the space between two words. */
  @Test
  void joinedTextsHaveSpacesBetweenTheirWords() throws IOException {
    Pattern joint =
        Pattern.compile(
            "\"([^\"\\n]* [^\"\\n]*(?<!\\\\)[A-Za-z,;])\"\\s*\\+\\s*\"([A-Za-z(][^\"\\n]* [^\"\\n]*)\""
                + "|\\+\\s*[A-Za-z.()]+\\s*\\+\\s*\"[a-z]{2,} [^\"\\n]*\"");
    Set<String> wrong = new TreeSet<>();
    int files = 0;
    for (Path file : files()) {
      if (file.toString().endsWith(".java") && file.toString().contains("src/main")) {
        files++;
        joint
            .matcher(Files.readString(file))
            .results()
            .forEach(m -> wrong.add(file + ": " + m.group().replaceAll("\\s+", " ")));
      }
    }
    assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    assertTrue(files > 500, "only " + files + " were found");
  }

  private static boolean isExempt(Path file, String text, MatchResult found, Set<Exemption> used) {
    for (Exemption e : EXEMPTIONS) {
      int at = text.lastIndexOf(e.words(), found.start());
      if (file.toString().endsWith(e.file()) && at >= 0 && at + e.words().length() >= found.end()
          || file.toString().endsWith(e.file()) && e.words().isEmpty()) {
        used.add(e);
        return true;
      }
    }
    return false;
  }

  private static String around(String text, MatchResult found) {
    return text.substring(
            Math.max(0, found.start() - 40), Math.min(text.length(), found.end() + 40))
        .replaceAll("\\s+", " ");
  }

  /** Documents, pictures and resources, sources, scripts, scenarios and dialogues. */
  private static List<Path> files() throws IOException {
    Set<Path> out = new TreeSet<>();
    for (String place :
        List.of(
            "README.md",
            "ARCHITECTURE.md",
            "SECURITY.md",
            "CHANGELOG.md",
            "sealwax",
            "check",
            "docs",
            "dist",
            "examples",
            "bench",
            "scenarios",
            ".ci",
            "router/src/test/resources/dialogue")) {
      add(Path.of(place), out);
    }
    for (String module : ArchitectureTest.modules().keySet()) {
      add(Path.of(module, "src/main"), out);
      add(Path.of(module, "src/test/java"), out);
    }
    out.remove(LIST);
    return List.copyOf(out);
  }

  private static void add(Path place, Set<Path> out) throws IOException {
    try (Stream<Path> all = Files.walk(place)) {
      all.filter(Files::isRegularFile)
          .filter(f -> !FOREIGN.contains(String.valueOf(f.getFileName())))
          .filter(f -> !f.toString().matches(".*\\.(?:tsv|dat|pem|der|bin|png|jar|pyc)"))
          .forEach(out::add);
    }
  }

  /**
   * Strings and comments of a program, comments of a test, comments and messages of a script, and
   * any other file as a whole.
   */
  private static List<String> texts(Path file) throws IOException {
    String all = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    if (all.indexOf(0) >= 0) {
      return List.of(); // a program that was built next to its source
    }
    if (file.startsWith("bench")
        || file.startsWith("scenarios")
        || file.startsWith(".ci")
        || file.toString().endsWith(".smtp")) {
      return SCRIPT_TEXT.matcher(all).results().map(MatchResult::group).toList();
    }
    if (!file.toString().endsWith(".java")) {
      return List.of(all.replace("\\-", "-")); // as manual pages write a hyphen
    }
    boolean test = file.toString().contains("src/test");
    return JAVA_TOKEN
        .matcher(all)
        .results()
        .map(MatchResult::group)
        .filter(token -> token.charAt(0) == '/' || token.charAt(0) == '"' && !test)
        .toList();
  }

  @Test
  void proseOfDocumentsWrapsAt100Columns() throws IOException {
    Set<String> wrong = new TreeSet<>();
    int lines = 0;
    for (Path file : files()) {
      if (!file.toString().endsWith(".md") || UNWRAPPED.contains(file)) {
        continue;
      }
      boolean fenced = false;
      int number = 0;
      for (String line : Files.readAllLines(file)) {
        number++;
        lines++;
        fenced ^= line.strip().startsWith("```");
        if (!fenced && isTooLong(line)) {
          wrong.add(file + ":" + number + ": " + line.length() + " columns");
        }
      }
    }
    assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    assertTrue(lines > 5_000, "only " + lines + " were found");
  }

  /**
   * A line that could have ended earlier: not a table, code, heading, HTML, or one word (an address
   * or code).
   */
  private static boolean isTooLong(String line) {
    String text = line.strip();
    return line.length() > COLUMNS
        && !line.startsWith("    ")
        && !text.startsWith("|")
        && !text.startsWith("#")
        && !text.startsWith("<")
        && CODE.matcher(text).replaceAll("…").replaceFirst("^(?:[*-]|\\d+\\.) ", "").contains(" ");
  }

  @Test
  void theBenchmarksAreOnePage() throws IOException {
    int lines = Files.readAllLines(Path.of("docs/benchmarks.md")).size();
    assertTrue(lines <= PAGE, lines + " lines; the figures of before are in git");
  }
}

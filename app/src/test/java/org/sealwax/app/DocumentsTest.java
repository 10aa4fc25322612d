package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
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
 * Documents and comments refer only to what exists: decisions in docs/adr, files, headings,
 * packages, types and their members. A superseded decision may name the types of its time.
 */
final class DocumentsTest {
  private static final List<Path> PLACES =
      List.of(
          Path.of("README.md"),
          Path.of("ARCHITECTURE.md"),
          Path.of("SECURITY.md"),
          Path.of("CHANGELOG.md"),
          Path.of("pom.xml"),
          Path.of("docs"),
          Path.of("dist"),
          Path.of("bench"),
          Path.of("examples"),
          Path.of("scenarios"));

  /** Sources and build files of each module, without what the build makes. */
  private static final List<Path> MODULES =
      ArchitectureTest.modules().keySet().stream()
          .flatMap(m -> Stream.of(Path.of(m, "src"), Path.of(m, "pom.xml")))
          .toList();

  private static final Pattern DECISION =
      Pattern.compile("(?:\\bADRs? |\\badr/)(\\d{3,4}(?:(?:, | and )\\d{4})*)");

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");

  private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.+)$");

  private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");

  /** Packages first, then a type, members or nested types. */
  private static final Pattern NAME =
      Pattern.compile("((?:[a-z]\\w*\\.)*)([A-Z]\\w*[a-z]\\w*)((?:\\.\\w+)*)(?:\\(\\))?");

  private static final Pattern FILE =
      Pattern.compile(
          "(?:(?:(?:mail|testkit|router|assess|lab|app)/)?src|docs|bench|dist|examples|scenarios)/[\\w./-]*\\w");

  /** A package below {@code org.sealwax}, with or without this root. */
  private static final Pattern PACKAGE =
      Pattern.compile(
          "(?:org\\.sealwax\\.)?((?:mail|testkit|router|assess|lab)(?:\\.[a-z]+)+)(?:\\.\\*)?");

  /** A row of the tables of packages in ARCHITECTURE.md: the package, and what it holds. */
  private static final Pattern PACKAGE_ROW =
      Pattern.compile("(?m)^\\| `((?:mail|testkit|router|assess|lab|app)[a-z.]*)` \\|([^|]*)\\|$");

  private static final Pattern TYPE =
      Pattern.compile("\\b(?:class|record|interface|enum) +([A-Z]\\w*)");

  private static final Pattern COMMENT = Pattern.compile("/\\*(?s:.*?)\\*/|(?m)//.*$");

  /** Capitalised words in backticks that are not types of this program. */
  private static final Set<String> FOREIGN =
      Set.of(
          "IOException", // of the JDK
          "LongAdder",
          "No", // a value of TLS-Required
          "DynamicTest", // of JUnit
          "ParameterizedTest",
          "StateDirectory"); // of systemd

  /** Each type's name, and the sources that declare it. */
  private static final Map<String, Set<Path>> TYPES = new HashMap<>();

  private static final Map<Path, String> SOURCES = new HashMap<>();

  @BeforeAll
  static void readTheSources() throws IOException {
    for (Path file : files(".java")) {
      String text = Files.readString(file);
      SOURCES.put(file, text);
      TYPE.matcher(text)
          .results()
          .forEach(m -> TYPES.computeIfAbsent(m.group(1), n -> new HashSet<>()).add(file));
    }
  }

  private static List<Path> files(String... endings) throws IOException {
    Set<Path> out = new TreeSet<>();
    for (Path place : Stream.concat(PLACES.stream(), MODULES.stream()).toList()) {
      try (Stream<Path> all = Files.walk(place)) {
        all.filter(Files::isRegularFile)
            .filter(f -> Stream.of(endings).anyMatch(e -> f.toString().endsWith(e)))
            .forEach(out::add);
      }
    }
    return List.copyOf(out);
  }

  private static Set<String> decisions() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("docs/adr"))) {
      return all.map(f -> f.getFileName().toString().substring(0, 4)).collect(Collectors.toSet());
    }
  }

  private static boolean isSuperseded(Path document, String text) {
    return document.startsWith("docs/adr") && text.contains("\n* Status: superseded by");
  }

  private static void none(Set<String> wrong) {
    assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
  }

  @Test
  void everyDecisionThatIsCitedExists() throws IOException {
    Set<String> there = decisions();
    Set<String> wrong = new TreeSet<>();
    int cited = 0;
    for (Path file : files(".java", ".md", ".xml", ".txt", ".toml", ".sh", "run", ".1", ".5")) {
      String text = Files.readString(file);
      for (MatchResult m : DECISION.matcher(text).results().toList()) {
        cited++;
        for (String number : m.group(1).split(", | and ")) {
          if (!there.contains(number)) {
            wrong.add(file + ": no docs/adr/" + number);
          }
        }
      }
      if (text.contains("see the " + "decision record")) {
        wrong.add(file + ": a decision without its number");
      }
    }
    none(wrong);
    assertTrue(cited > 40, "only " + cited + " were found");
  }

  @Test
  void everyRelativeLinkLeadsToAFileAndAHeading() throws IOException {
    Set<String> wrong = new TreeSet<>();
    int links = 0;
    for (Path document : files(".md")) {
      for (MatchResult m : LINK.matcher(Files.readString(document)).results().toList()) {
        String target = m.group(1);
        if (target.contains(":")) {
          continue;
        }
        links++;
        int hash = target.indexOf('#');
        String name = hash < 0 ? target : target.substring(0, hash);
        Path file = name.isEmpty() ? document : document.resolveSibling(name).normalize();
        if (!Files.exists(file)) {
          wrong.add(document + ": no file " + target);
        } else if (hash >= 0 && !anchors(file).contains(target.substring(hash + 1))) {
          wrong.add(document + ": no heading " + target);
        }
      }
    }
    none(wrong);
    assertTrue(links > 40, "only " + links + " were found");
  }

  private static Set<String> anchors(Path document) throws IOException {
    return HEADING
        .matcher(Files.readString(document))
        .results()
        .map(m -> m.group(1).toLowerCase(java.util.Locale.ROOT))
        .map(h -> h.replaceAll("[^a-z0-9 _-]", "").replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  @Test
  void everyTypeThatADocumentNamesExists() throws IOException {
    Set<String> wrong = new TreeSet<>();
    int names = 0;
    for (Path document : files(".md")) {
      String text = Files.readString(document);
      if (isSuperseded(document, text) || document.equals(Path.of("docs/third-party.md"))) {
        continue;
      }
      for (MatchResult code : CODE.matcher(text).results().toList()) {
        java.util.regex.Matcher name = NAME.matcher(code.group(1));
        if (!name.matches() || FOREIGN.contains(name.group(2))) {
          continue;
        }
        names++;
        if (!exists(name.group(1), name.group(2), name.group(3))) {
          wrong.add(document + ": " + code.group(1));
        }
      }
    }
    none(wrong);
    assertTrue(names > 80, "only " + names + " were found");
  }

  /** Whether a source in a package that ends in {@code packages} has the type and its members. */
  private static boolean exists(String packages, String type, String members) {
    String folder = "/" + packages.replace('.', '/');
    return TYPES.getOrDefault(type, Set.of()).stream()
        .filter(f -> (f.getParent() + "/").endsWith(folder))
        .map(f -> COMMENT.matcher(SOURCES.getOrDefault(f, "")).replaceAll(""))
        .anyMatch(
            text ->
                Pattern.compile("\\.")
                    .splitAsStream(members)
                    .allMatch(m -> m.isEmpty() || declares(text, m)));
  }

  /** Whether a text without comments seems to declare a member. */
  private static boolean declares(String text, String member) {
    return Pattern.compile(
            "\\b(?:class|record|interface|enum) %1$s\\b|(?m)(?:^ +|[\\w>\\]] )%1$s *(?:[(=;,]|$)"
                .formatted(member))
        .matcher(text)
        .find();
  }

  @Test
  void theTablesOfPackagesAreThoseOfTheModulesInTheOrderOfImports() throws IOException {
    List<String> named =
        PACKAGE_ROW
            .matcher(Files.readString(Path.of("ARCHITECTURE.md")))
            .results()
            .map(m -> m.group(1))
            .toList();
    assertEquals(
        ArchitectureTest.modules().values().stream().flatMap(List::stream).toList(), named);
  }

  @Test
  void everyTypeInTheTablesOfPackagesIsInItsPackage() throws IOException {
    Set<String> wrong = new TreeSet<>();
    int types = 0;
    for (MatchResult row :
        PACKAGE_ROW.matcher(Files.readString(Path.of("ARCHITECTURE.md"))).results().toList()) {
      for (MatchResult code : CODE.matcher(row.group(2)).results().toList()) {
        java.util.regex.Matcher name = NAME.matcher(code.group(1));
        if (name.matches() && name.group(1).isEmpty()) {
          types++;
          if (!exists("org.sealwax." + row.group(1) + ".", name.group(2), name.group(3))) {
            wrong.add(row.group(1) + ": " + code.group(1));
          }
        }
      }
    }
    none(wrong);
    assertTrue(types > 100, "only " + types + " were found");
  }

  @Test
  void everyPackageThatADocumentNamesExists() throws IOException {
    Set<String> built =
        ArchitectureTest.modules().values().stream()
            .flatMap(List::stream)
            .collect(Collectors.toSet());
    Set<String> wrong = new TreeSet<>();
    int names = 0;
    for (Path document : files(".md")) {
      String text = Files.readString(document);
      if (isSuperseded(document, text)) {
        continue;
      }
      for (MatchResult code : CODE.matcher(text).results().toList()) {
        java.util.regex.Matcher name = PACKAGE.matcher(code.group(1));
        if (name.matches()) {
          names++;
          if (!built.contains(name.group(1))) {
            wrong.add(document + ": " + code.group(1));
          }
        }
      }
    }
    none(wrong);
    assertTrue(names > 50, "only " + names + " were found");
  }

  /** A comment or a document that refers to a test, as proof or as the place of a rule. */
  @Test
  void everyTestThatIsNamedExists() throws IOException {
    Pattern test = Pattern.compile("\\b[A-Z]\\w*[a-z]Test\\b");
    Set<String> wrong = new TreeSet<>();
    int names = 0;
    for (Path file : files(".java", ".md", ".xml", ".sh", "run")) {
      String text = Files.readString(file);
      if (isSuperseded(file, text) || file.equals(Path.of("docs/names.md"))) {
        continue;
      }
      for (MatchResult m : test.matcher(text).results().toList()) {
        names++;
        if (!TYPES.containsKey(m.group()) && !FOREIGN.contains(m.group())) {
          wrong.add(file + ": " + m.group());
        }
      }
    }
    none(wrong);
    assertTrue(names > 300, "only " + names + " were found");
  }

  @Test
  void everyFileThatIsNamedExists() throws IOException {
    Set<String> wrong = new TreeSet<>();
    int named = 0;
    for (Path document : files(".md")) {
      String text = Files.readString(document);
      if (isSuperseded(document, text)) {
        continue;
      }
      for (MatchResult code : CODE.matcher(text).results().toList()) {
        String name = code.group(1).split(" ")[0];
        if (FILE.matcher(name).matches()) {
          named++;
          if (!Files.exists(Path.of(name)) && !isDecision(name)) {
            wrong.add(document + ": " + name);
          }
        }
      }
    }
    for (Map.Entry<Path, String> source : SOURCES.entrySet()) {
      for (MatchResult m :
          Pattern.compile("\\bdocs/[\\w/-]+\\.(?:md|txt|toml\\.sample)\\b")
              .matcher(source.getValue())
              .results()
              .toList()) {
        named++;
        if (!Files.exists(Path.of(m.group()))) {
          wrong.add(source.getKey() + ": " + m.group());
        }
      }
    }
    none(wrong);
    assertTrue(named > 40, "only " + named + " were found");
  }

  private static boolean isDecision(String name) throws IOException {
    return name.matches("docs/adr/\\d{4}") && decisions().contains(name.substring(9));
  }
}

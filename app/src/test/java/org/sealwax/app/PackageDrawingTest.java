package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What is generated from the code and shown in review: the drawing of the house and the index of
 * RFCs. {@code mvn test -Dtest=PackageDrawingTest -Dsealwax.bless=true} writes them anew.
 */
final class PackageDrawingTest {
  private static final Pattern CITATION =
      Pattern.compile(
          "RFC (\\d{3,5})(?:,? (?:section |sections |§+ ?)?(\\d+(?:\\.\\d+)+|(?<=section )\\d+))?");

  @Test
  void thePackageDrawingMatchesTheCode() throws IOException {
    Map<String, TreeSet<String>> imports = new TreeMap<>();
    Map<String, Integer> classes = new TreeMap<>();
    for (JavaClass c : ArchitectureTest.mainClasses()) {
      String from = shortName(c.getPackageName());
      imports.putIfAbsent(from, new TreeSet<>());
      if (!c.getSimpleName().equals("package-info") && c.isTopLevelClass()) {
        classes.merge(from, 1, Integer::sum);
      }
      for (Dependency d : c.getDirectDependenciesFromSelf()) {
        String to = d.getTargetClass().getPackageName();
        if (to.startsWith("org.sealwax.") && !shortName(to).equals(from)) {
          imports.get(from).add(shortName(to));
        }
      }
    }
    StringBuilder drawing =
        new StringBuilder("# The house as built: room (top-level types) -> rooms it imports.\n");
    for (String room : ArchitectureTest.rooms()) {
      for (Map.Entry<String, TreeSet<String>> e : imports.entrySet()) {
        if (e.getKey().equals(room) || e.getKey().startsWith(room + ".")) {
          drawing
              .append(e.getKey())
              .append(" (")
              .append(classes.getOrDefault(e.getKey(), 0))
              .append(") -> ")
              .append(String.join(" ", e.getValue()))
              .append('\n');
        }
      }
    }
    compare(Path.of("docs/house.txt"), drawing.toString().replaceAll("(?m) +$", ""));
  }

  @Test
  void theRfcIndexListsEveryRfcThatTheCodeCites() throws IOException {
    Map<Integer, Map<String, TreeSet<String>>> index = new TreeMap<>();
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).sorted().toList()) {
        String text = Files.readString(file).replaceAll("\\n\\s*(\\*|//) ?", " ");
        String name = Path.of("src/main/java/org/sealwax").relativize(file).toString();
        Matcher m = CITATION.matcher(text);
        while (m.find()) {
          String section = m.group(2) == null ? "" : m.group(2);
          index
              .computeIfAbsent(Integer.valueOf(m.group(1)), n -> new TreeMap<>())
              .computeIfAbsent(section, s -> new TreeSet<>())
              .add(name.replace(".java", ""));
        }
      }
    }
    StringBuilder out =
        new StringBuilder(
            """
            # RFC index

            Generated from the citations in the code, and checked by a test. Section, then where it is cited.

            """);
    index.forEach(
        (rfc, sections) -> {
          out.append("## RFC ").append(rfc).append("\n\n");
          sections.forEach(
              (section, where) ->
                  out.append("* ")
                      .append(section.isEmpty() ? "as a whole" : "section " + section)
                      .append(": ")
                      .append(String.join(", ", where))
                      .append('\n'));
          out.append('\n');
        });
    compare(Path.of("docs/rfc-index.md"), out.toString().strip() + "\n");
  }

  private static String shortName(String packageName) {
    return packageName.substring("org.sealwax.".length());
  }

  private static void compare(Path golden, String now) throws IOException {
    if (Boolean.getBoolean("sealwax.bless")) {
      Files.writeString(golden, now);
    }
    String was = Files.exists(golden) ? Files.readString(golden) : "";
    assertEquals(was, now, golden + " is not what the code says; bless it: -Dsealwax.bless=true");
  }
}

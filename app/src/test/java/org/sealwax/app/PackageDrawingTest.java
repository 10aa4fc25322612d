package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What is generated from the code and shown in review: the list of packages and the index of RFCs.
 * {@code mvn test -Dtest=PackageDrawingTest -Dsealwax.bless=true} writes them again.
 */
final class PackageDrawingTest {
  private static final Pattern CITATION =
      Pattern.compile(
          "RFC (\\d{3,5})(?:,? (?:section |sections |§+ ?)?(\\d+(?:\\.\\d+)+|(?<=section )\\d+))?");

  @Test
  void thePackageDrawingMatchesTheCode() throws IOException {
    Map<String, Set<String>> imports = new TreeMap<>();
    Map<String, Integer> types = new TreeMap<>();
    for (JavaClass c : ArchitectureTest.mainClasses()) {
      String from = ArchitectureTest.shortName(c);
      imports.putIfAbsent(from, new TreeSet<>());
      if (!c.getSimpleName().equals("package-info") && c.isTopLevelClass()) {
        types.merge(from, 1, Integer::sum);
      }
      for (Dependency d : c.getDirectDependenciesFromSelf()) {
        String to = ArchitectureTest.shortName(d.getTargetClass().getBaseComponentType());
        if (!to.isEmpty() && !to.equals(from)) {
          imports.get(from).add(to);
        }
      }
    }
    StringBuilder drawing =
        new StringBuilder(
            "# The packages as built, by module: package (top-level types) -> packages it"
                + " imports.\n");
    ArchitectureTest.modules()
        .forEach(
            (module, packages) -> {
              int all = packages.stream().mapToInt(p -> types.getOrDefault(p, 0)).sum();
              drawing.append("\n# ").append(module).append(" (").append(all).append(")\n");
              for (String name : packages) {
                drawing
                    .append(name)
                    .append(" (")
                    .append(types.getOrDefault(name, 0))
                    .append(") -> ")
                    .append(String.join(" ", imports.getOrDefault(name, new TreeSet<>())))
                    .append('\n');
              }
            });
    compare(Path.of("docs/packages.txt"), drawing.toString().replaceAll("(?m) +$", ""));
  }

  @Test
  void theRfcIndexListsEveryRfcThatTheCodeCites() throws IOException {
    Map<Integer, Map<String, Set<String>>> index = new TreeMap<>();
    for (String module : ArchitectureTest.modules().keySet()) {
      Path sources = Path.of(module, "src/main/java");
      try (Stream<Path> files = Files.walk(sources)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).sorted().toList()) {
          cite(sources.resolve("org/sealwax").relativize(file).toString(), file, index);
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

  private static void cite(String name, Path file, Map<Integer, Map<String, Set<String>>> index)
      throws IOException {
    String text = Files.readString(file).replaceAll("\\n\\s*(\\*|//) ?", " ");
    Matcher m = CITATION.matcher(text);
    while (m.find()) {
      String section = m.group(2) == null ? "" : m.group(2);
      index
          .computeIfAbsent(Integer.valueOf(m.group(1)), n -> new TreeMap<>())
          .computeIfAbsent(section, s -> new TreeSet<>())
          .add(name.replace(".java", ""));
    }
  }

  private static void compare(Path golden, String now) throws IOException {
    if (Boolean.getBoolean("sealwax.bless")) {
      Files.writeString(golden, now);
    }
    String was = Files.exists(golden) ? Files.readString(golden) : "";
    assertEquals(was, now, golden + " is not what the code says; bless it: -Dsealwax.bless=true");
  }
}

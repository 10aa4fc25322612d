package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.json.Json;

/**
 * Every page that the program can make is in browser/pages.json, which a browser opens: a new place
 * that makes one is to be listed here with the pages of it, and these are to be written by a test.
 */
final class PageListTest {
  /** Makers of whole pages, by class and method. */
  private static final Pattern MAKERS =
      Pattern.compile(
          "(?:ReportPage|SenderReportPage|DemoPage|TrapEvidencePage|SurveyPage|ScanPages|LabHtmlPages)"
              + "\\.(?:of|page|start|message|state|missing|refused|token|text)");

  /** Who calls them, how often, and which pages are examples of it. */
  private static final Map<String, String> PLACES =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("AssessCommand ReportPage.of 1", "report baseline grade-a null-mx"),
              Map.entry("DemoCommand DemoPage.of 1", "demo hostile-demo"),
              Map.entry("DemoCommand ReportPage.of 1", "good"),
              Map.entry("DemoCommand SenderReportPage.of 1", "sender"),
              Map.entry("LabCommand SenderReportPage.of 1", "sender hostile-sender"),
              Map.entry(
                  "LabWebSite LabHtmlPages.message 1", "lab-incomplete lab-other-site lab-method"),
              Map.entry("LabWebSite LabHtmlPages.missing 1", "lab-missing"),
              Map.entry("LabWebSite LabHtmlPages.refused 1", "lab-refused"),
              Map.entry("LabWebSite LabHtmlPages.start 1", "lab-start"),
              Map.entry("LabWebSite LabHtmlPages.token 1", "lab-new lab-running lab-token"),
              Map.entry("LabWebSite TrapEvidencePage.of 1", "lab-trap"),
              Map.entry("ScanService ReportPage.of 1", "assess-result"),
              Map.entry(
                  "ScanWebSite ScanPages.message 5",
                  "assess-method assess-missing assess-other-site assess-no-name assess-too-many"),
              Map.entry("SurveyTables SurveyPage.text 1", "survey hostile-survey"),
              Map.entry("ScanWebSite ScanPages.start 1", "assess-start"),
              Map.entry(
                  "ScanWebSite ScanPages.state 1",
                  "assess-queue assess-waiting assess-unknown assess-opted-out")));

  private static final Pattern WRITTEN = Pattern.compile("\"([a-z][a-z-]*)\\.html\"");

  @Test
  void everyPlaceThatMakesAPageHasAnExample() throws IOException {
    Map<String, Integer> calls = new TreeMap<>();
    Set<String> beginners = new TreeSet<>();
    for (JavaClass c : ArchitectureTest.mainClasses()) {
      for (JavaMethodCall call : c.getMethodCallsFromSelf()) {
        String target = call.getTargetOwner().getSimpleName() + "." + call.getName();
        String origin = call.getOriginOwner().getName().replaceAll(".*\\.|\\$.*", "");
        if (MAKERS.matcher(target).matches() && !target.startsWith(origin + ".")) {
          calls.merge(origin + " " + target, 1, Integer::sum);
        }
        if (target.equals("HtmlPage.begin")) {
          beginners.add(origin);
        }
      }
    }
    Set<String> found = new TreeSet<>();
    calls.forEach((place, count) -> found.add(place + " " + count));
    assertEquals(PLACES.keySet(), found);
    assertEquals(Set.of("DemoPage", "ReportPage", "SenderReportPage", "SurveyPage"), beginners);
    Set<String> listed = listed();
    PLACES
        .values()
        .forEach(
            names -> {
              for (String name : names.split(" ")) {
                assertTrue(listed.contains(name), name);
              }
            });
  }

  private static Set<String> listed() throws IOException {
    Set<String> names = new TreeSet<>();
    Json.read(Files.readString(Path.of("browser/pages.json")))
        .valueStream()
        .forEach(page -> names.add(page.path("page").asString("").replace(".html", "")));
    return names;
  }

  @Test
  void theListHasEveryPageThatTestsWrite() throws IOException {
    Set<String> written = new TreeSet<>();
    for (String module : ArchitectureTest.modules().keySet()) {
      try (Stream<Path> files = Files.walk(Path.of(module, "src/test/java"))) {
        for (Path file : files.filter(f -> f.toString().endsWith("Test.java")).toList()) {
          String source = Files.readString(file);
          if (source.contains("\"target\", \"pages\"") && !file.endsWith("PageListTest.java")) {
            WRITTEN.matcher(source).results().forEach(m -> written.add(m.group(1)));
            Pattern.compile("\\w+\\.example, ([a-z-]+)\\.html")
                .matcher(source)
                .results()
                .forEach(m -> written.add(m.group(1)));
          }
        }
      }
    }
    // A file of a test of its own.
    written.remove("page");
    Set<String> listed = new TreeSet<>(listed());
    listed.removeIf(name -> name.matches("grade-[a-f](?:-plus|-minus)?"));
    assertEquals(listed, written);
  }
}

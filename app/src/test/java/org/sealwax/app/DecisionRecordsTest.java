package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The decision records in docs/adr: numbers by date without gaps, one page each in one form, and an
 * index in step with the pages.
 */
final class DecisionRecordsTest {
  private static final Path FOLDER = Path.of("docs/adr");

  /** Number and title, date, status (which may go over several lines), and the body. */
  private static final Pattern PAGE =
      Pattern.compile(
          "# (\\d{4}) ([^\\n"
              + "]+)\\n"
              + "\\n"
              + "\\* Date: (\\S+)\\n"
              + "\\* Status: ([^\\n"
              + "]+(?:\\n"
              + "  [^\\n"
              + "]+)*)\\n"
              + "\\n"
              + "(## Context\\n"
              + "\\n"
              + "(?s:.+)\\n"
              + "\\n"
              + "## Decision\\n"
              + "\\n"
              + "(?s:.+)\\n"
              + "\\n"
              + "## Consequences\\n"
              + "\\n"
              + "(?s:.+))");

  private static final Pattern STATUS =
      Pattern.compile("accepted|(?:superseded|changed in part) by ([^:]+)(?::[^:]+)?");

  private static final Pattern REPLACEMENT =
      Pattern.compile("\\[(\\d{4})]\\((\\1-[a-z0-9-]+\\.md)\\)");

  private record Decision(
      Path file, String number, String title, LocalDate date, String status, String body) {}

  private static final List<Decision> DECISIONS = new ArrayList<>();

  @BeforeAll
  static void readThePages() throws IOException {
    for (Path file : pages()) {
      Matcher page = PAGE.matcher(Files.readString(file));
      assertTrue(
          page.matches(),
          () -> file + ": not number, title, Date, Status, Context, Decision, Consequences");
      DECISIONS.add(
          new Decision(
              file,
              page.group(1),
              page.group(2),
              LocalDate.parse(page.group(3)),
              page.group(4).replaceAll("\\s+", " "),
              page.group(5)));
    }
    assertTrue(DECISIONS.size() > 90, "only " + DECISIONS.size() + " decisions were found");
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> all = Files.list(FOLDER)) {
      return all.filter(f -> !f.getFileName().toString().equals("README.md")).sorted().toList();
    }
  }

  @Test
  void numbersHaveNoGapsAndFollowTheDates() {
    LocalDate last = LocalDate.MIN;
    for (int i = 0; i < DECISIONS.size(); i++) {
      Decision decision = DECISIONS.get(i);
      assertEquals(String.format(Locale.ROOT, "%04d", i + 1), decision.number());
      assertTrue(
          !decision.date().isBefore(last), decision.file() + ": dated before the page in front");
      last = decision.date();
    }
  }

  @Test
  void aFileNameIsTheNumberAndTheTitle() {
    for (Decision decision : DECISIONS) {
      String words =
          decision
              .title()
              .toLowerCase(Locale.ROOT)
              .replace("'", "")
              .replaceAll("[^a-z0-9]+", "-")
              .replaceAll("^-|-$", "");
      assertEquals(
          decision.number() + "-" + words + ".md", decision.file().getFileName().toString());
    }
  }

  @Test
  void aStatusNamesTheLaterPageThatReplacesOrChangesIt() {
    for (Decision decision : DECISIONS) {
      Matcher status = STATUS.matcher(decision.status());
      assertTrue(status.matches(), decision.file() + ": status " + decision.status());
      if (status.group(1) == null) {
        continue;
      }
      List<MatchResult> by = REPLACEMENT.matcher(status.group(1)).results().toList();
      assertTrue(!by.isEmpty(), decision.file() + ": no link to the page that replaces it");
      for (MatchResult page : by) {
        assertTrue(
            Files.exists(FOLDER.resolve(page.group(2))), decision.file() + ": " + page.group(2));
        assertTrue(
            page.group(1).compareTo(decision.number()) > 0,
            decision.file() + ": replaced by the earlier " + page.group(1));
      }
    }
  }

  @Test
  void theIndexHasOneRowForEachPage() throws IOException {
    List<String> rows =
        Files.readAllLines(FOLDER.resolve("README.md")).stream()
            .filter(l -> l.startsWith("| ["))
            .map(l -> l.replaceAll("\\|[^|]*\\|$", "|")) // the former number
            .toList();
    List<String> expected =
        DECISIONS.stream()
            .map(
                d ->
                    "| [%s](%s) | %s | %s | %s |"
                        .formatted(
                            d.number(),
                            d.file().getFileName(),
                            d.date(),
                            d.status().replaceAll(":.*", ""),
                            d.title()))
            .toList();
    assertEquals(String.join("\n", expected), String.join("\n", rows));
  }

  @Test
  void aDecisionIsOnePageOfProseWithinAHundredColumns() throws IOException {
    for (Decision decision : DECISIONS) {
      List<String> lines = Files.readAllLines(decision.file());
      assertTrue(lines.size() <= 90, decision.file() + ": " + lines.size() + " lines");
      for (String line : lines) {
        assertTrue(
            line.codePointCount(0, line.length()) <= 100
                || line.startsWith("|")
                || line.strip().indexOf(' ') < 0 // a link or code that cannot be parted
                || line.contains("]("),
            () -> decision.file() + ": over 100 columns: " + line);
      }
    }
  }
}

package org.sealwax.assess.survey;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.UnsafeCharacters;

/**
 * The results of a survey for people: how many have which grade and which findings, a table for a
 * spreadsheet, and the lines for the page. The results are read line by line, so that memory does
 * not grow with them.
 */
public final class SurveyTables {
  /** Lines of the page's table: the worst ones. A browser sorts so many without a pause. */
  static final int MAX_ROWS = 5_000;

  /** Characters by which a cell of a spreadsheet is a formula, or becomes one. */
  private static final String FORMULA = "=+-@\t\r\n|%";

  private static final List<String> COLUMNS =
      List.of(
          "line",
          "target",
          "grade",
          "at_best",
          "uncertain",
          "score",
          "began",
          "connections",
          "fails",
          "warns",
          "failed",
          "warned",
          "problem");

  /** The worst first; lines without a grade last. */
  static final Comparator<SurveyResult> WORST_FIRST =
      Comparator.comparing(
              (SurveyResult r) -> r.graded().map(Grade::letter).map(Enum::ordinal).orElse(-1),
              Comparator.reverseOrder())
          .thenComparingInt(r -> r.graded().map(Grade::score).orElse(0))
          .thenComparing(SurveyResult::target)
          .thenComparingLong(SurveyResult::line);

  private final Map<String, Integer> letters = new LinkedHashMap<>();
  private final Map<String, CodeCount> codes = new TreeMap<>();
  private final PriorityQueue<SurveyResult> worst = new PriorityQueue<>(WORST_FIRST.reversed());
  private int results;

  /** How many targets have a finding. */
  static final class CodeCount {
    private int failed;
    private int warned;

    int failed() {
      return failed;
    }

    int warned() {
      return warned;
    }

    int all() {
      return failed + warned;
    }
  }

  private SurveyTables() {
    for (GradeLetter letter : GradeLetter.values()) {
      letters.put(letter.text(), 0);
    }
    letters.put("none", 0);
  }

  /**
   * Reads the results, and writes the files that are asked for.
   *
   * @param results the file of results; lines that are none are passed over
   * @param csv the table, if it is wanted
   * @param html the page, if it is wanted
   * @throws IOException when a file cannot be read or written
   */
  public static void write(Path results, Optional<Path> csv, Optional<Path> html)
      throws IOException {
    SurveyTables tables = new SurveyTables();
    if (csv.isPresent()) {
      try (BufferedWriter out = Files.newBufferedWriter(csv.get(), StandardCharsets.UTF_8)) {
        out.write(String.join(",", COLUMNS) + "\r\n");
        tables.read(results, out);
      }
    } else {
      tables.read(results, null);
    }
    if (html.isPresent()) {
      Files.writeString(html.get(), new SurveyPage(tables).text(), StandardCharsets.UTF_8);
    }
  }

  private void read(Path file, @Nullable BufferedWriter csv) throws IOException {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(RegularFile.open(file), StandardCharsets.UTF_8))) {
      String line;
      while ((line = in.readLine()) != null) {
        Optional<SurveyResult> result = SurveyResult.read(line);
        if (result.isPresent()) {
          count(result.get());
          if (csv != null) {
            csv.write(row(result.get()));
          }
        }
      }
    }
  }

  private void count(SurveyResult result) {
    results++;
    letters.merge(result.letter(), 1, Integer::sum);
    for (String code : result.failed()) {
      code(code).ifPresent(c -> c.failed++);
    }
    for (String code : result.warned()) {
      code(code).ifPresent(c -> c.warned++);
    }
    worst.add(result);
    if (worst.size() > MAX_ROWS) {
      worst.poll();
    }
  }

  /** Only codes that this version knows: a file from elsewhere must not fill the memory. */
  private Optional<CodeCount> code(String code) {
    return check(code)
        .filter(
            c -> code.equals(c.id()) || c.aspects().contains(code.substring(c.id().length() + 1)))
        .map(c -> codes.computeIfAbsent(code, k -> new CodeCount()));
  }

  /** The check of a code, {@code kex.dh/export}. */
  static Optional<Check> check(String code) {
    return Check.find(code.split("/", 2)[0]);
  }

  /** Results with each letter, {@code none} last; letters without a domain included. */
  Map<String, Integer> letters() {
    return letters;
  }

  /** Codes with their counts, the most frequent first. */
  Map<String, CodeCount> codes() {
    return codes.entrySet().stream()
        .sorted(
            Comparator.comparingInt((Map.Entry<String, CodeCount> e) -> e.getValue().all())
                .reversed())
        .collect(
            Collectors.toMap(
                Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
  }

  /** The worst {@link #MAX_ROWS}, the worst first. */
  List<SurveyResult> rows() {
    return worst.stream().sorted(WORST_FIRST).toList();
  }

  /** Lines of results that were read. */
  int results() {
    return results;
  }

  private static String row(SurveyResult result) {
    Optional<Grade> grade = result.graded();
    Function<Function<Grade, String>, String> of = f -> grade.map(f).orElse("");
    return List.of(
            Long.toString(result.line()),
            result.target(),
            result.letter(),
            of.apply(g -> g.atBest().text()),
            of.apply(g -> g.uncertain() ? "yes" : "no"),
            of.apply(g -> Integer.toString(g.score())),
            result.began(),
            Integer.toString(result.connections()),
            Integer.toString(result.failed().size()),
            Integer.toString(result.warned().size()),
            String.join(" ", result.failed()),
            String.join(" ", result.warned()),
            result.problem())
        .stream()
        .map(SurveyTables::cell)
        .collect(Collectors.joining(",", "", "\r\n"));
  }

  /**
   * A cell (RFC 4180) that no spreadsheet takes for a formula: it may contain texts of servers.
   * Characters that steer a terminal become spaces.
   */
  static String cell(String text) {
    StringBuilder out = new StringBuilder(text.length() + 3);
    text.codePoints()
        .map(c -> UnsafeCharacters.contains(c) ? ' ' : c)
        .forEach(out::appendCodePoint);
    String first = text.strip();
    if (!first.isEmpty() && FORMULA.indexOf(first.charAt(0)) >= 0) {
      out.insert(0, '\'');
    }
    String cell = out.toString();
    return cell.chars().anyMatch(c -> c == ',' || c == '"' || c == '\'' || c == ' ')
        ? '"' + cell.replace("\"", "\"\"") + '"'
        : cell;
  }

  /** A share of all results, in percent. */
  double percent(int count) {
    return results == 0 ? 0 : 100.0 * count / results;
  }

  /** The same for people. */
  String percentText(int count) {
    return String.format(Locale.ROOT, "%.1f %%", percent(count));
  }
}

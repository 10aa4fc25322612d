package org.sealwax.assess.survey;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.render.GradeSeal;
import org.sealwax.assess.render.Html;
import org.sealwax.assess.render.HtmlPage;

/**
 * The page of a survey: distribution of grades and of findings, and a table. It has no script: the
 * table is sorted by radio buttons, and each row carries its place in each order. All text from
 * other hosts is escaped.
 */
final class SurveyPage {
  /** Codes named in a row of the table. */
  private static final int MAX_CODES = 6;

  /** Characters of a name or a reason; a name of the DNS has 253. */
  private static final int MAX_TEXT = 300;

  private static final Comparator<SurveyResult> BY_SCORE =
      Comparator.comparingInt(r -> r.graded().map(Grade::score).orElse(-1));

  /** The orders of the table; the first one is that of the page as it comes. */
  private enum SortOrder {
    WORST("worst grade first"),
    BEST("best grade first"),
    NAME("name"),
    SCORE("highest score first"),
    FINDINGS("most findings first"),
    LINE("line of the input");

    private final String label;

    SortOrder(String label) {
      this.label = label;
    }

    Comparator<SurveyResult> order() {
      return switch (this) {
        case WORST -> SurveyTables.WORST_FIRST;
        case BEST ->
            Comparator.comparing((SurveyResult r) -> r.graded().isEmpty())
                .thenComparing(SurveyTables.WORST_FIRST.reversed());
        case NAME -> Comparator.comparing(SurveyResult::target);
        case SCORE -> BY_SCORE.reversed();
        case FINDINGS ->
            Comparator.comparingInt((SurveyResult r) -> r.failed().size())
                .thenComparingInt(r -> r.warned().size())
                .reversed();
        case LINE -> Comparator.comparingLong(SurveyResult::line);
      };
    }

    /** For ids and names in the style. */
    String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final SurveyTables tables;
  private final StringBuilder out = new StringBuilder(64 * 1_024);

  SurveyPage(SurveyTables tables) {
    this.tables = tables;
  }

  String text() {
    HtmlPage.begin("Survey of " + tables.results() + " targets", out);
    out.insert(out.indexOf("</style>"), style());
    out.append("<h1>Survey of ").append(tables.results()).append(" targets</h1>");
    grades();
    findings();
    table();
    return out.append("</main></body></html>\n").toString();
  }

  private static String style() {
    StringBuilder css = new StringBuilder(HtmlPage.resource("survey.css"));
    for (SortOrder each : SortOrder.values()) {
      css.append(
          ".sorted:has(#by-%1$s:checked) .body > div { order: var(--%1$s); }\n"
              .formatted(each.id()));
    }
    return css.toString();
  }

  private void grades() {
    out.append("<h2 id=\"grades\">Grades</h2><section class=\"card\">")
        .append("<table aria-labelledby=\"grades\"><thead><tr><th scope=\"col\">Grade</th>")
        .append("<th scope=\"col\">Targets</th><th scope=\"col\">Share</th>")
        .append("<td></td></tr></thead><tbody>");
    tables
        .letters()
        .forEach(
            (letter, count) -> {
              out.append("<tr><th scope=\"row\"><span class=\"chip ")
                  .append(tone(letter))
                  .append("\">")
                  .append(letter)
                  .append("</span></th>");
              share(count, tone(letter));
            });
    out.append("</tbody></table></section>\n");
  }

  private static String tone(String letter) {
    return GradeLetter.read(letter).map(GradeSeal::tone).orElse("none");
  }

  private void share(int count, String tone) {
    out.append("<td>")
        .append(count)
        .append("</td><td>")
        .append(tables.percentText(count))
        .append(
            "</td><td class=\"share\"><span class=\"bar\"><span class=\"track\"><span class=\"fill ")
        .append(tone)
        .append("\" style=\"width:")
        .append(String.format(Locale.ROOT, "%.1f", tables.percent(count)))
        .append("%\"></span></span></span></td></tr>");
  }

  private void findings() {
    out.append("<h2 id=\"findings\">Findings</h2><section class=\"card wide\">");
    Map<String, SurveyTables.CodeCount> codes = tables.codes();
    if (codes.isEmpty()) {
      out.append("<p>No check failed or warned.</p></section>\n");
      return;
    }
    out.append("<table aria-labelledby=\"findings\"><thead><tr><th scope=\"col\">Finding</th>")
        .append("<th scope=\"col\">Fails</th><th scope=\"col\">Warns</th>")
        .append("<th scope=\"col\">Targets</th><th scope=\"col\">Share</th>")
        .append("<td></td></tr></thead><tbody>");
    codes.forEach(
        (code, count) -> {
          out.append("<tr><th scope=\"row\"><code>")
              .append(Html.escape(code))
              .append("</code> ")
              .append(Html.escape(heading(code)))
              .append("</th><td>")
              .append(count.failed())
              .append("</td><td>")
              .append(count.warned())
              .append("</td>");
          share(count.all(), count.failed() > 0 ? "poor" : "fair");
        });
    out.append("</tbody></table></section>\n");
  }

  /** What was found, in the words of the reports. */
  private static String heading(String code) {
    String[] parts = code.split("/", 2);
    return SurveyTables.check(code)
        .map(c -> c.headings().getOrDefault(parts.length < 2 ? "" : parts[1], c.title()))
        .orElse("");
  }

  private void table() {
    List<SurveyResult> rows = tables.rows();
    out.append("<h2 id=\"targets\">Targets</h2><section class=\"card wide sorted\">");
    if (rows.size() < tables.results()) {
      out.append("<p>The ")
          .append(rows.size())
          .append(" with the worst grades; the results and the CSV table have all.</p>");
    }
    out.append("<fieldset class=\"sort\"><legend>Sort the table by</legend>");
    for (SortOrder each : SortOrder.values()) {
      out.append("<label><input type=\"radio\" name=\"sort\" id=\"by-")
          .append(each.id())
          .append(each == SortOrder.WORST ? "\" checked> " : "\"> ")
          .append(each.label)
          .append("</label>");
    }
    // With another display than that of tables, browsers need the roles said.
    out.append("</fieldset><div role=\"table\" aria-labelledby=\"targets\" class=\"grid\">")
        .append("<div role=\"rowgroup\"><div role=\"row\" class=\"head\">");
    for (String name : List.of("Target", "Grade", "Score", "Fails", "Warns", "What is wrong")) {
      out.append("<span role=\"columnheader\">").append(name).append("</span>");
    }
    out.append("</div></div><div role=\"rowgroup\" class=\"body\">");
    Map<SurveyResult, StringBuilder> places = places(rows);
    for (SurveyResult row : rows) {
      out.append("<div role=\"row\" style=\"").append(places.get(row)).append("\">");
      cells(row);
      out.append("</div>\n");
    }
    out.append("</div></div></section>\n");
  }

  private static String cut(String text) {
    return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + " … (cut)";
  }

  /** For each row its place in each order, as CSS. */
  private static Map<SurveyResult, StringBuilder> places(List<SurveyResult> rows) {
    Map<SurveyResult, StringBuilder> places = new HashMap<>();
    for (SortOrder each : SortOrder.values()) {
      int place = 0;
      for (SurveyResult row : rows.stream().sorted(each.order()).toList()) {
        places
            .computeIfAbsent(row, r -> new StringBuilder())
            .append("--")
            .append(each.id())
            .append(':')
            .append(place++)
            .append(';');
      }
    }
    return places;
  }

  private void cells(SurveyResult row) {
    List<String> codes = Stream.concat(row.failed().stream(), row.warned().stream()).toList();
    String wrong =
        row.graded().isEmpty()
            ? row.problem()
            : String.join(", ", codes.subList(0, Math.min(MAX_CODES, codes.size())))
                + (codes.size() > MAX_CODES ? " and " + (codes.size() - MAX_CODES) + " more" : "");
    out.append("<span role=\"rowheader\">")
        .append(Html.escape(cut(row.target())))
        .append("</span><span role=\"cell\"><span class=\"chip ")
        .append(tone(row.letter()))
        .append("\">")
        .append(row.graded().map(Grade::text).orElse("none"))
        .append("</span></span><span role=\"cell\">")
        .append(row.graded().map(g -> Integer.toString(g.score())).orElse(""))
        .append("</span><span role=\"cell\">")
        .append(row.failed().size())
        .append("</span><span role=\"cell\">")
        .append(row.warned().size())
        .append("</span><span role=\"cell\" class=\"soft\">")
        .append(Html.escape(cut(wrong)))
        .append("</span>");
  }
}

package org.sealwax.assess.baseline;

import java.util.List;
import java.util.Locale;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.render.Html;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.CountText;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A comparison as text for a terminal, as a section of the report's page, and as a member of its
 * JSON. Texts of both reports are escaped.
 */
public record ComparisonText(BaselineComparison comparison) {
  private static final List<FindingChange.Kind> ORDER =
      List.of(
          FindingChange.Kind.WORSE,
          FindingChange.Kind.BETTER,
          FindingChange.Kind.OTHER,
          FindingChange.Kind.NOT_COMPARABLE);

  /** Changes of one kind on the page, and characters of a text in it; the JSON has all. */
  private static final int MAX_CHANGES = 40;

  private static final int MAX_TEXT = 300;

  private static String heading(FindingChange.Kind kind) {
    return switch (kind) {
      case WORSE -> "Worse";
      case BETTER -> "Better";
      case OTHER -> "Other changes";
      case NOT_COMPARABLE -> "In one of the reports only";
    };
  }

  /** The lines below the report. */
  public String plain() {
    StringBuilder out = new StringBuilder();
    out.append(title()).append('\n');
    out.append("  ").append(grades()).append('\n');
    comparison.notes().forEach(n -> out.append("  ").append(Printable.of(n)).append('\n'));
    for (FindingChange.Kind kind : ORDER) {
      List<FindingChange> changes = comparison.of(kind);
      if (!changes.isEmpty()) {
        out.append('\n').append(heading(kind)).append('\n');
      }
      for (FindingChange change : changes) {
        out.append("  ")
            .append(Printable.of(change.code()))
            .append(" at ")
            .append(String.join(", ", change.places()))
            .append("\n    was  ")
            .append(Printable.of(change.was()))
            .append("\n    now  ")
            .append(Printable.of(change.now()))
            .append('\n');
      }
    }
    return out.toString();
  }

  private String title() {
    return "Compared with the report of "
        + comparison.before().began().toString().substring(0, 16).replace('T', ' ')
        + " UTC";
  }

  /** In words: the letters, and how many checks changed. */
  private String grades() {
    String was = comparison.before().graded().map(ComparisonText::grade).orElse("no grade");
    AssessmentReport after = comparison.after();
    String now = after.graded().map(ComparisonText::grade).orElse("no grade");
    int worse = comparison.of(FindingChange.Kind.WORSE).size();
    int better = comparison.of(FindingChange.Kind.BETTER).size();
    return String.format(
        Locale.ROOT, "Grade: was %s, now %s. %d worse, %d better.", was, now, worse, better);
  }

  private static String grade(Grade grade) {
    return grade.text() + " (" + CountText.of(grade.score(), "point") + ")";
  }

  /** A section of the page, below its head. */
  public String section() {
    StringBuilder out = new StringBuilder();
    out.append("<h2>")
        .append(Html.escape(title()))
        .append("</h2><section class=\"card\"><p>")
        .append(Html.escape(grades()))
        .append("</p>");
    comparison
        .notes()
        .forEach(n -> out.append("<p class=\"soft\">").append(Html.escape(n)).append("</p>"));
    for (FindingChange.Kind kind : ORDER) {
      List<FindingChange> changes = comparison.of(kind);
      if (changes.isEmpty()) {
        continue;
      }
      out.append("<h3>").append(heading(kind)).append("</h3><ul class=\"changes\">");
      for (FindingChange change : changes.subList(0, Math.min(MAX_CHANGES, changes.size()))) {
        out.append("<li><code>")
            .append(Html.escape(change.code()))
            .append("</code> <span class=\"where\">")
            .append(html(String.join(", ", change.places())))
            .append("</span><br>was ")
            .append(html(change.was()))
            .append("<br>now ")
            .append(html(change.now()))
            .append("</li>");
      }
      out.append("</ul>");
      if (changes.size() > MAX_CHANGES) {
        out.append("<p>and ").append(changes.size() - MAX_CHANGES).append(" more</p>");
      }
    }
    return out.append("</section>\n").toString();
  }

  private static String html(String text) {
    return Html.escape(text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + " … (cut)");
  }

  /**
   * The JSON of the present report with the member {@code baseline}.
   *
   * @param report the present report as JSON
   */
  public String json(String report) {
    ObjectNode root = (ObjectNode) Json.read(report);
    ObjectNode json = root.putObject("baseline");
    BaselineReport before = comparison.before();
    json.put("began", before.began().toString());
    json.put("depth", before.depth().label());
    json.put("rules", before.rules());
    json.put("rules_hash", before.rulesHash());
    before.graded().ifPresent(g -> json.put("letter", g.letter().text()).put("score", g.score()));
    json.put("grades_comparable", comparison.comparesGrades());
    json.put("worse", comparison.isWorse());
    comparison.notes().forEach(json.putArray("notes")::add);
    ArrayNode changes = json.putArray("changes");
    for (FindingChange change : comparison.changes()) {
      ObjectNode each = changes.addObject();
      each.put("kind", change.kind().label());
      each.put("code", change.code());
      change.places().forEach(each.putArray("places")::add);
      each.put("was", change.was());
      each.put("now", change.now());
    }
    return Json.line(root);
  }
}

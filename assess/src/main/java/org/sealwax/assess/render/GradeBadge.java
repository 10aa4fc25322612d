package org.sealwax.assess.render;

import org.sealwax.assess.model.AssessmentReport;

/** A small picture of a grade for other sites' pages: SVG, without script or outside reference. */
public final class GradeBadge {
  private static final int LEFT = 74;
  private static final int HEIGHT = 22;

  private GradeBadge() {}

  /** The picture of a report, with its date and rules as a tooltip. */
  public static String of(AssessmentReport report) {
    String letter = Html.escape(report.letter());
    int right = 26 + 9 * report.letter().length();
    int width = LEFT + right;
    String color =
        switch (GradeSeal.tone(report)) {
          case "good" -> "#2f6f4f";
          case "fair" -> "#7a6a00";
          case "weak" -> "#b5520b";
          case "poor" -> "#9b1c31";
          default -> "#6b645c";
        };
    String title =
        Html.escape(
            "Mail to "
                + report.target()
                + ": "
                + report.letter()
                + ", "
                + report.began().toString().substring(0, 10)
                + ", rules "
                + report.rules()
                + " "
                + report.rulesHash().substring(0, 12));
    return """
    <svg xmlns="http://www.w3.org/2000/svg" width="%1$d" height="%2$d" role="img" aria-label="%3$s">
    <title>%3$s</title>
    <clipPath id="r"><rect width="%1$d" height="%2$d" rx="4"/></clipPath>
    <g clip-path="url(#r)"><rect width="%4$d" height="%2$d" fill="#37302a"/>\
    <rect x="%4$d" width="%5$d" height="%2$d" fill="%6$s"/></g>
    <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">\
    <text x="%7$d" y="15">mail TLS in</text><text x="%8$d" y="15" font-weight="bold">%9$s</text></g>
    </svg>
    """
        .formatted(width, HEIGHT, title, LEFT, right, color, LEFT / 2, LEFT + right / 2, letter);
  }
}

package org.sealwax.assess.render;

import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.GradeLetter;

/** The grade as a wax seal: an SVG picture, drawn by a formula. */
public final class GradeSeal {
  private static final int POINTS = 72;
  private static final double CENTRE = 100;

  private GradeSeal() {}

  /** CSS class of a report's colour: good, fair, weak, poor or none. */
  static String tone(AssessmentReport report) {
    return report.graded().map(g -> tone(g.letter())).orElse("none");
  }

  public static String tone(GradeLetter letter) {
    return switch (letter) {
      case A_PLUS, A, A_MINUS -> "good";
      case B -> "fair";
      case C -> "weak";
      case D, E, F -> "poor";
    };
  }

  /** The picture, inline. */
  public static String of(AssessmentReport report) {
    return of(report.letter(), tone(report));
  }

  /** The same for a letter and the class of its colour. */
  public static String of(String text, String tone) {
    String letter = Html.escape(text);
    int size = letter.length() > 2 ? 56 : letter.length() > 1 ? 72 : 84;
    return "<svg class=\"seal "
        + tone
        + "\" viewBox=\"0 0 200 200\" role=\"img\" aria-label=\"Grade "
        + letter
        + "\"><path class=\"rim\" d=\""
        + waxOutline(92, 5)
        + "\"/><circle class=\"press\" cx=\"100\" cy=\"100\" r=\"66\"/>"
        + "<circle class=\"ring\" cx=\"100\" cy=\"100\" r=\"60\"/>"
        + "<text class=\"shade\" x=\"101.5\" y=\"104\" font-size=\""
        + size
        + "\">"
        + letter
        + "</text><text x=\"100\" y=\"102\" font-size=\""
        + size
        + "\">"
        + letter
        + "</text></svg>";
  }

  /** A circle with an irregular rim, always the same. */
  private static String waxOutline(double radius, double run) {
    StringBuilder path = new StringBuilder();
    double[] x = new double[POINTS];
    double[] y = new double[POINTS];
    for (int i = 0; i < POINTS; i++) {
      double a = 2 * Math.PI * i / POINTS;
      double r =
          radius
              - run
              + run
                  * (0.55 * Math.sin(3 * a + 0.6)
                      + 0.5 * Math.sin(7 * a + 2.1)
                      + 0.35 * Math.sin(11 * a + 4));
      x[i] = CENTRE + r * Math.cos(a);
      y[i] = CENTRE + r * Math.sin(a);
    }
    path.append('M').append(mid(x, y, POINTS - 1));
    for (int i = 0; i < POINTS; i++) {
      path.append('Q')
          .append(Html.number(x[i]))
          .append(' ')
          .append(Html.number(y[i]))
          .append(' ')
          .append(mid(x, y, i));
    }
    return path.append('Z').toString();
  }

  private static String mid(double[] x, double[] y, int i) {
    int next = (i + 1) % POINTS;
    return Html.number((x[i] + x[next]) / 2) + " " + Html.number((y[i] + y[next]) / 2);
  }
}

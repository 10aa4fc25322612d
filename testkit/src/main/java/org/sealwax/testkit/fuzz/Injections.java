package org.sealwax.testkit.fuzz;

import java.util.List;
import java.util.stream.Stream;

/**
 * Texts by which a name, a reply or a certificate tries to become part of the page that shows it:
 * elements, attributes, URLs, SVG, direction marks, control characters, and sheer length. A script
 * among them would set {@code window.pwned} or open a dialog, which a test in a browser notices.
 */
public final class Injections {
  /** Characters of the long ones: as long as a reply of several lines can be. */
  public static final int LONG = 64 * 1_024;

  private static final String RUN = "window.pwned=1;alert(1)";

  private Injections() {}

  /** Elements, attributes and URLs. */
  private static final List<String> MARKUP =
      List.of(
          "<script>" + RUN + "</script>",
          "</title><script>" + RUN + "</script>",
          "</style></head><body onload=\"" + RUN + "\">",
          "</textarea><script>" + RUN + "</script>",
          "</pre></code></details><img src=x onerror=" + RUN + ">",
          "\"><img src=x onerror='" + RUN + "'>",
          "'><svg onload='" + RUN + "'>",
          "\" onmouseover=\"" + RUN + "\" autofocus onfocus=\"" + RUN,
          "' style='position:fixed;inset:0;background:red",
          "<a href=\"javascript:" + RUN + "\">click</a>",
          "javascript:" + RUN,
          "data:text/html,<script>" + RUN + "</script>",
          "<svg><animate onbegin=" + RUN + " attributeName=x></svg>",
          "<svg><foreignObject><iframe src=javascript:" + RUN + "></foreignObject></svg>",
          "<math><mtext><style><img src=x onerror=" + RUN + "></style></mtext></math>",
          "<iframe srcdoc='<script>parent." + RUN + "</script>'></iframe>",
          "<object data=\"data:text/html,<script>" + RUN + "</script>\"></object>",
          "<base href=\"https://evil.example/\"><link rel=stylesheet href=//evil.example/x.css>",
          "<meta http-equiv=refresh content=\"0;url=https://evil.example/\">",
          "<form action=https://evil.example/><button autofocus>Continue</button></form>",
          "<style>*{display:none}</style><marquee>",
          "<!--",
          "--><script>" + RUN + "</script>",
          "]]><script>" + RUN + "</script>",
          "&lt;script&gt;",
          "&#60;script&#62;" + RUN,
          "${" + RUN + "}",
          "{{" + RUN + "}}");

  /** Characters that steer a terminal, the direction of text, or nothing that is seen. */
  private static final List<String> CHARACTERS =
      List.of(
          "\u202egro.elpmaxe\u202c",
          "\u2066\u2067abc\u2069",
          "zero\u200bwidth\u200djoiner\ufeff",
          "\u001b[2J\u001b]0;title\u0007\u001b[31mred",
          "nul\u0000bell\u0007backspace\u0008delete\u007f",
          "\u0085\u2028\u2029",
          "line\r\nSet-Cookie: a=b\r\n\r\n<p>",
          "half \ud83d of a pair",
          "e" + "\u0301".repeat(200),
          "\ud83d\udc69\u200d\ud83d\ude80");

  private static final List<String> LARGE =
      List.of("A".repeat(LONG), "<".repeat(LONG), "\u202e".repeat(LONG), "\u6f22".repeat(LONG));

  /** Each short one, and 64 KB of what does not break anywhere. */
  public static List<String> all() {
    return Stream.of(MARKUP, CHARACTERS, LARGE).flatMap(List::stream).toList();
  }

  /** All short ones in one text, and the long ones: for what takes longer. */
  public static List<String> few() {
    return Stream.concat(Stream.of(together()), LARGE.stream()).toList();
  }

  /** All short ones in one text. */
  public static String together() {
    return String.join(" ", MARKUP) + " " + String.join(" ", CHARACTERS);
  }
}

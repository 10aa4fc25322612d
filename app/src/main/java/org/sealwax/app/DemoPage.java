package org.sealwax.app;

import java.util.List;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.render.Excerpt;
import org.sealwax.assess.render.GradeSeal;
import org.sealwax.assess.render.Html;
import org.sealwax.assess.render.HtmlPage;
import org.sealwax.lab.judge.SenderReport;

/**
 * The demo's results as one page: the destinations, the outcome of each message, and both grades.
 */
public final class DemoPage {
  /** How a message ended. */
  public enum MessageEnd {
    /** Under TLS. */
    SEALED("sealed", "good"),
    /** Unencrypted, where no policy forbids it. */
    CLEAR("plaintext", "fair"),
    /** Deferred, because a policy forbids the TLS that the host offers. */
    KEPT("not sent", "note"),
    /** Bounced. */
    RETURNED("returned", "none"),
    /** Not decided yet. */
    OPEN("open", "none"),
    /** It went out against a policy. */
    LEAKED("leaked", "poor");

    private final String word;
    private final String tone;

    MessageEnd(String word, String tone) {
      this.word = word;
      this.tone = tone;
    }
  }

  /**
   * One destination.
   *
   * @param label the test case of the lab
   * @param description what the host does
   * @param messageEnd how its message ended
   * @param resultText the same as the router logs it
   */
  public record DestinationResult(
      String label, String description, MessageEnd messageEnd, String resultText) {}

  /**
   * Some destinations under one heading.
   *
   * @param title the heading
   * @param results in their order
   */
  public record DemoSection(String title, List<DestinationResult> results) {
    /** Copies. */
    public DemoSection {
      results = List.copyOf(results);
    }
  }

  /** Characters of a result: a reply of another host can be in it. */
  private static final int MAX_RESULT = 800;

  private final StringBuilder out = new StringBuilder(16 * 1_024);

  private DemoPage() {}

  /**
   * The page. It links to {@code /sender} and {@code /receiver}.
   *
   * @param acts the destinations, with their results
   * @param version of this program
   */
  public static String of(
      List<DemoSection> acts, SenderReport sender, AssessmentReport receiver, String version) {
    return new DemoPage().page(acts, sender, receiver, version);
  }

  private String page(
      List<DemoSection> acts, SenderReport sender, AssessmentReport receiver, String version) {
    HtmlPage.begin("Sealwax: a small internet under attack", out);
    out.append("<h1>A small internet under attack</h1><p class=\"lead\">")
        .append("One message was sent to each of these domains by Sealwax with its defaults. ")
        .append("Plaintext is counted as it arrived at the receiver.</p>\n");
    String grade = sender.grade().text();
    out.append("<div class=\"two\">");
    side(
        GradeSeal.of(grade, GradeSeal.tone(sender.grade().letter())),
        "As a sender",
        sender.grade().explanation()
            + "; "
            + sender.leaks().size()
            + " leaks, "
            + sender.losses().size()
            + " losses",
        "/sender",
        "Trap by trap, with transcripts");
    side(
        GradeSeal.of(receiver),
        "As a receiver",
        Excerpt.of(receiver.target(), 200)
            + receiver.graded().map(g -> ", " + g.explanation()).orElse(""),
        "/receiver",
        "Check by check, with evidence");
    out.append("</div>\n");
    acts.forEach(this::section);
    out.append("<footer>Sealwax ")
        .append(Html.escape(version))
        .append(" · all of this ran on this machine; nothing is stored")
        .append("</footer></main></body></html>\n");
    return out.toString();
  }

  private void section(DemoSection section) {
    out.append("<h2>")
        .append(Html.escape(section.title()))
        .append("</h2><div class=\"card\"><ul class=\"rows three\">");
    for (DestinationResult result : section.results()) {
      out.append("<li><span><span class=\"chip ")
          .append(result.messageEnd().tone)
          .append("\">")
          .append(result.messageEnd().word)
          .append("</span> <code>")
          .append(Html.escape(result.label()))
          .append("</code></span><span>")
          .append(Html.escape(result.description()))
          .append("</span><span class=\"seen\">")
          .append(Html.escape(result.resultText(), MAX_RESULT))
          .append("</span></li>");
    }
    out.append("</ul></div>\n");
  }

  private void side(String seal, String title, String text, String path, String link) {
    out.append("<div class=\"card side\">")
        .append(seal)
        .append("<div><h2>")
        .append(title)
        .append("</h2><p>")
        .append(Html.escape(text))
        .append("</p><p><a href=\"")
        .append(path)
        .append("\">")
        .append(link)
        .append("</a></p></div></div>");
  }
}

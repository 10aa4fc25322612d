package org.sealwax.lab.serve;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.render.GradeSeal;
import org.sealwax.assess.render.Html;
import org.sealwax.assess.render.HtmlPage;
import org.sealwax.assess.render.HtmlParts;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.site.LabToken;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.address.AddressText;

/** Content of the public lab's pages. All text from other hosts is escaped. */
final class LabHtmlPages {
  private static final Map<Character, String> GROUPS = new LinkedHashMap<>();

  static {
    GROUPS.put('A', "Good hosts");
    GROUPS.put('B', "STARTTLS");
    GROUPS.put('C', "Handshakes");
    GROUPS.put('D', "Certificates");
    GROUPS.put('E', "DANE");
    GROUPS.put('F', "MTA-STS");
    GROUPS.put('G', "REQUIRETLS");
    GROUPS.put('H', "Routes and interruptions");
    GROUPS.put('I', "Client certificates");
  }

  static final String NO_LEAK =
      "Nothing that a policy protects was sent in plaintext or to a false host.";

  private static final String NO_LEAK_YET =
      "So far no mail under a policy was sent in plaintext or to a wrong host.";

  private LabHtmlPages() {}

  private static String end(StringBuilder out) {
    return out.append("</main></body></html>\n").toString();
  }

  /** The public page. */
  static String start(LabService lab) {
    StringBuilder out = new StringBuilder(16_384);
    HtmlPage.beginServed("What does your mail router do under attack?", out);
    Duration life = lab.settings().life();
    out.append(
            "<h1>What does your mail router do when its destinations are broken or under attack?</h1>")
        .append("<p class=\"lead\">Behind this zone are ")
        .append(Traps.cases().size())
        .append(
            " deliberately broken mail hosts: stripped STARTTLS, wrong certificates, forged DNS,"
                + " policies to enforce. Get a token, send mail to its addresses, and see"
                + " for each trap what your router did, and what is correct.</p>")
        .append("<form class=\"card ask\" method=\"post\" action=\"/tokens\">")
        .append("<fieldset><legend>Which hosts</legend>");
    choice(
        "rows",
        "quick",
        "The " + Traps.quick().size() + " with most information in little time",
        true,
        out);
    choice("rows", "all", "All " + Traps.cases().size(), false, out);
    GROUPS.forEach(
        (letter, title) ->
            choice(
                "rows",
                letter.toString().toLowerCase(Locale.ROOT),
                "Group " + letter + ": " + title,
                false,
                out));
    out.append("</fieldset><fieldset><legend>Your router reaches hosts by</legend>");
    boolean v6 = lab.settings().trapsV6().isPresent();
    if (v6) {
      choice("family", "ipv6", "IPv6 (one address per host)", true, out);
    }
    choice(
        "family",
        "ipv4",
        "IPv4 only" + (v6 ? " (as many hosts at a time as there are addresses)" : ""),
        !v6,
        out);
    out.append("</fieldset><fieldset><legend>Your choice where the standards allow one</legend>");
    choice(
        "profile",
        "opportunistic",
        "Opportunistic: plaintext and unverified TLS where no policy forbids them",
        true,
        out);
    choice("profile", "strict", "Strict: TLS everywhere, verified or not", false, out);
    choice("profile", "verified", "Verified: TLS with a valid certificate everywhere", false, out);
    out.append("</fieldset><p><button type=\"submit\">Get a token</button></p></form>")
        .append("<h2>Stored data</h2><div class=\"card\"><p>What your router did, for ")
        .append(text(life))
        .append(
            "; then the token, its names and all that was seen are gone. Messages are counted and"
                + " dropped, never stored. Anyone with the token can open its page;"
                + " resolvers on the path see the token in names.</p><p>The lab sends no mail and"
                + " accepts mail only for active tokens.</p></div>")
        .append("<h2>Before you send</h2><div class=\"card\"><p>Valid certificates are")
        .append(
            " issued by the lab\u2019s own authority. Traps with MTA-STS, and traps that need a")
        .append(" verified certificate, count only when your router trusts ")
        .append(
            "<a href=\"/ca.pem\">ca.pem</a> for this test. DANE needs no setup: the zone is signed.")
        .append("</p></div>");
    foot(out);
    return end(out);
  }

  private static void foot(StringBuilder out) {
    out.append("<footer>Sealwax lab \u00b7 it sends no mail</footer>");
  }

  private static void choice(
      String name, String value, String label, boolean chosen, StringBuilder out) {
    out.append("<label><input type=\"radio\" name=\"")
        .append(name)
        .append("\" value=\"")
        .append(value)
        .append(chosen ? "\" checked> " : "\"> ")
        .append(Html.escape(label))
        .append("</label>");
  }

  /** Nothing here. */
  static String missing() {
    StringBuilder out = new StringBuilder();
    HtmlPage.beginServed("Not found", out);
    out.append(
            "<h1>Not found</h1><p class=\"lead\">There is no such page, or its token has expired")
        .append(" and its results are deleted.</p><p><a href=\"/\">Get a token</a></p>");
    return end(out);
  }

  /** No token. */
  static String refused(String why) {
    return message(429, why + ".");
  }

  /** A page for an answer that is not a result. */
  static String message(int status, String sentence) {
    String title =
        switch (status) {
          case 400 -> "Incomplete form";
          case 403 -> "Request from another site";
          case 405 -> "Method not allowed";
          default -> "No token available";
        };
    StringBuilder out = new StringBuilder();
    HtmlPage.beginServed(title, out);
    out.append("<h1>")
        .append(Html.escape(title))
        .append("</h1><p class=\"lead\">")
        .append(Html.escape(sentence))
        .append("</p><p><a href=\"/\">Back to the start page</a></p>");
    return end(out);
  }

  /** The addresses of the test cases that are set up. */
  static List<String> ready(TokenBooking booking) {
    LabToken token = booking.token();
    return token.sightings().stream()
        .map(s -> s.trapCase().label())
        .filter(l -> !token.setupFailures().containsKey(l))
        .map(token::recipient)
        .toList();
  }

  /** For one token. */
  static String token(LabService lab, TokenBooking booking, SenderReport report) {
    StringBuilder out = new StringBuilder(128 * 1_024);
    LabToken token = booking.token();
    HtmlPage.beginServed("Token " + token.token(), out);
    out.append(head(booking, report));
    send(lab, booking, out);
    rows(booking, report, out);
    out.append("<h2>Download</h2><div class=\"card\"><ul class=\"facts\">");
    for (String[] file :
        new String[][] {
          {"report.json", "JSON"}, {"junit.xml", "JUnit XML"}, {"recipients.txt", "Recipients"}
        }) {
      out.append("<li><a href=\"")
          .append(base(booking))
          .append('/')
          .append(file[0])
          .append("\">")
          .append(file[1])
          .append("</a></li>");
    }
    out.append("</ul><form method=\"post\" action=\"")
        .append(base(booking))
        .append("/end\"><button type=\"submit\">End this token now</button></form></div>");
    out.append("<footer>rules ").append(Html.escape(report.rules())).append("</footer>");
    return end(out);
  }

  private static String base(TokenBooking booking) {
    return "/t/" + Html.escape(booking.token().token());
  }

  private static boolean started(TokenBooking booking) {
    return booking.token().sightings().stream().anyMatch(s -> !s.isUntouched());
  }

  private static String head(TokenBooking booking, SenderReport report) {
    StringBuilder out = new StringBuilder();
    boolean begun = started(booking);
    boolean over = report.undecided().isEmpty();
    String grade = over ? report.grade().text() : "\u2013";
    long met = report.traps().stream().filter(f -> f.outcome() != CheckOutcome.NOT_TESTED).count();
    out.append("<div class=\"top\" id=\"head\">")
        .append(GradeSeal.of(grade, over ? GradeSeal.tone(report.grade().letter()) : "none"))
        .append("<div><h1>")
        .append(Html.escape(booking.token().token()))
        .append("</h1><p class=\"lead\">")
        .append(
            begun
                ? (over ? introduction(report, NO_LEAK) : soFar(report))
                : "No mail has arrived yet.")
        .append("</p><ul class=\"facts\">");
    fact("Traps reached", met + " of " + ready(booking).size(), out);
    fact("Leaks", Integer.toString(report.leaks().size()), out);
    fact("Losses", Integer.toString(report.losses().size()), out);
    if (over) {
      fact("Stuck", Integer.toString(report.stuck().size()), out);
      fact("Score", report.grade().score() + " of 100", out);
    } else {
      fact("Undecided", Integer.toString(report.undecided().size()), out);
      if (begun) {
        fact(
            "Grade so far", report.grade().text() + ", " + report.grade().score() + " of 100", out);
      }
    }
    fact("Profile", report.profile().label(), out);
    fact("Until", booking.until().toString().substring(0, 16).replace('T', ' ') + " UTC", out);
    return out.append("</ul></div></div>\n").toString();
  }

  /** What has happened finally, while traps are undecided. */
  private static String soFar(SenderReport report) {
    if (!report.leaks().isEmpty()) {
      return introduction(report, "");
    }
    return report.losses().isEmpty()
        ? NO_LEAK_YET
        : "So far no mail leaked, but legitimate mail was bounced.";
  }

  /** The result in a sentence; {@code good} when nothing leaked and nothing was lost. */
  static String introduction(SenderReport report, String good) {
    if (!report.leaks().isEmpty()) {
      return "Mail was sent against a policy.";
    }
    return report.loses() ? "No mail leaked, but legitimate mail was not delivered." : good;
  }

  private static void fact(String name, String value, StringBuilder out) {
    out.append("<li>").append(name).append(" <b>").append(Html.escape(value)).append("</b></li>");
  }

  private static void send(LabService lab, TokenBooking booking, StringBuilder out) {
    LabToken token = booking.token();
    List<String> to = ready(booking);
    String first = to.isEmpty() ? "" : to.getFirst();
    out.append("<h2>Send this</h2><section class=\"card send\"><p>One message to all of these")
        .append(" addresses, or one to each; any subject, any text, nothing private. ");
    out.append("Let your router send it as usual, from <code>")
        .append(Html.escape(token.sender()))
        .append("</code>: the lab records bounces. ")
        .append("Your router retries deferred mail; the page is updated until ")
        .append(Html.escape(booking.until().toString().substring(11, 16)))
        .append(" UTC")
        .append(
            ".</p><p><textarea id=\"recipients\" rows=\"6\" readonly aria-label=\"Recipients\">")
        .append(Html.escape(String.join("\n", to)))
        .append("</textarea></p><p class=\"buttons\">")
        .append("<button type=\"button\" hidden data-copy=\"recipients\">Copy</button> <a href=\"")
        .append(base(booking))
        .append("/recipients.txt\">recipients.txt</a></p>");
    out.append(
            "<p class=\"router\">One message to all, through your router at HOST</p><pre"
                + " id=\"swaks\">")
        .append(
            Html.escape(
                "swaks --server HOST --from "
                    + token.sender()
                    + " --to \"$(paste -sd, lab-"
                    + token.token()
                    + ".txt)\""))
        .append("</pre><p class=\"router\">One to each</p><pre>")
        .append(
            Html.escape(
                "while read -r to; do swaks --server HOST --from "
                    + token.sender()
                    + " --to \"$to\"; done < lab-"
                    + token.token()
                    + ".txt"))
        .append("</pre><p class=\"router\">By hand, one trap</p><pre>")
        .append(Html.escape("sendmail -f " + token.sender() + " " + first + " < /dev/null"))
        .append("</pre>");
    if (to.stream().anyMatch(t -> t.startsWith("probe@g"))) {
      out.append("<p class=\"soft\">G2 to G4 need messages submitted with REQUIRETLS")
          .append(
              " (RFC 8689), G5 to one with the header field <code>TLS-Required: No</code>.</p>");
    }
    if (lab.settings().ports().smtp() != 25) {
      out.append("<p class=\"soft\">This lab is tried on high ports: let your router send to port ")
          .append(lab.settings().ports().smtp())
          .append(" and ask the name server at ")
          .append(
              Html.escape(
                  AddressText.of(lab.resolvers().getFirst().getAddress())
                      + " port "
                      + lab.resolvers().getFirst().getPort()))
          .append(".</p>");
    }
    if (!token.setupFailures().isEmpty()) {
      out.append("<details><summary>")
          .append("Not set up: ")
          .append(token.setupFailures().size())
          .append(
              booking.family() == SenderAddressFamily.IPV4 ? " (over IPv4, fewer at a time)" : "")
          .append("</summary><p class=\"none-list\">");
      token
          .setupFailures()
          .forEach((label, why) -> out.append(Html.escape(label + ": " + why)).append("<br>"));
      out.append("</p></details>");
    }
    out.append("</section>\n");
  }

  private static void rows(TokenBooking booking, SenderReport report, StringBuilder out) {
    out.append(
            "<h2>Results</h2><div class=\"card wide\"><table class=\"lab\" id=\"rows\""
                + " data-events=\"")
        .append(base(booking))
        .append(
            "/events\"><thead><tr><th>Trap</th><th>What is broken</th><th>Verdict</th><th>What your"
                + " router did</th></tr></thead>");
    GROUPS.forEach(
        (letter, title) -> {
          String group = letter.toString().toLowerCase(Locale.ROOT);
          List<Finding> of =
              report.traps().stream()
                  .filter(f -> SenderAssessment.label(f).startsWith(group))
                  .toList();
          if (!of.isEmpty()) {
            out.append("<tbody><tr><th class=\"group\" colspan=\"4\">")
                .append(letter)
                .append(" \u00b7 ")
                .append(title)
                .append("</th></tr>");
            of.forEach(f -> out.append(row(booking, report, f)));
            out.append("</tbody>");
          }
        });
    out.append("</table></div>\n");
  }

  private static String row(TokenBooking booking, SenderReport report, Finding finding) {
    String label = Html.escape(SenderAssessment.label(finding));
    boolean untouched = finding.evidence().isEmpty();
    StringBuilder out = new StringBuilder();
    out.append("<tr id=\"row-")
        .append(label)
        .append(untouched ? "\" class=\"open\"><td>" : "\"><td>")
        .append("<a href=\"")
        .append(base(booking))
        .append("/r/")
        .append(label)
        .append("\"><code>")
        .append(label)
        .append("</code></a></td><td>")
        .append(Html.escape(finding.check().title()))
        .append("</td><td>")
        .append(chip(report, finding))
        .append("</td><td class=\"seen\">")
        .append(untouched ? "" : Html.escape(finding.observed()))
        .append("</td></tr>");
    return out.toString();
  }

  /** The present verdict on a trap: none while a later attempt may change it. */
  static String chip(SenderReport report, Finding finding) {
    if (!report.undecided().contains(SenderAssessment.label(finding))) {
      return chip(finding);
    }
    return "<span class=\"chip none\">"
        + (finding.evidence().isEmpty() ? "waiting" : "undecided")
        + "</span>";
  }

  /** An outcome, in its colour. */
  static String chip(Finding finding) {
    String word =
        switch (finding.outcome()) {
          case FAIL -> failure(finding.aspect());
          case WARN -> "warning";
          case INCONCLUSIVE -> "inconclusive";
          case PASS -> "good";
          case INFO -> "note";
          case NOT_TESTED, NOT_NEEDED -> "not tested";
        };
    return "<span class=\"chip "
        + HtmlParts.tone(finding.outcome())
        + "\">"
        + Html.escape(word)
        + "</span>";
  }

  /** A kind of failure in the field's word. */
  private static String failure(String aspect) {
    return switch (aspect) {
      case "" -> "failed";
      case "clear" -> "plaintext";
      case "fooled" -> "injection";
      default -> aspect;
    };
  }

  /** The parts of a token's page that have changed from the initial page, by their id. */
  static Map<String, String> fragments(TokenBooking booking, SenderReport report) {
    Map<String, String> out = new LinkedHashMap<>();
    out.put("head", head(booking, report));
    for (Finding finding : report.traps()) {
      if (!finding.evidence().isEmpty()) {
        out.put(SenderAssessment.label(finding), row(booking, report, finding));
      }
    }
    return out;
  }

  private static String text(Duration time) {
    long minutes = Math.max(1, time.toMinutes());
    if (minutes < 120) {
      return minutes == 1 ? "one minute" : minutes + " minutes";
    }
    return minutes / 60 + " hours";
  }

  /** Whether anything was dropped for lack of space. */
  static boolean full(Sighting sighting) {
    return sighting.dropped() > 0;
  }
}

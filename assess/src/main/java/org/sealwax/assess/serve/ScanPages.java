package org.sealwax.assess.serve;

import org.sealwax.assess.model.ProgramResource;
import org.sealwax.assess.render.Html;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.CountText;

/** The pages besides the reports. All text that is not ours is escaped. */
final class ScanPages {
  private static final String END = "</main></body></html>\n";

  private ScanPages() {}

  /** A text resource next to this class. */
  static String resource(String name) {
    return ProgramResource.text(ScanPages.class, name);
  }

  private static StringBuilder begin(String title) {
    return new StringBuilder(4_096)
        .append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>")
        .append(Html.escape(title))
        .append("</title><link rel=\"stylesheet\" href=\"/assess.css\">")
        .append("<script src=\"/wait.js\" defer></script></head><body><main>\n");
  }

  private static void form(StringBuilder out) {
    out.append("<form class=\"card ask\" method=\"post\" action=\"/scan\">")
        .append("<label for=\"domain\">Domain, the part of a mail address after the @</label>")
        .append("<p><input id=\"domain\" name=\"domain\" type=\"text\" required maxlength=\"253\"")
        .append(" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\"")
        .append(" placeholder=\"example.org\"> <button type=\"submit\">Scan</button></p></form>\n");
  }

  /** The first page. */
  static String start(ScanService service) {
    StringBuilder out = begin("How well is mail to your domain protected?");
    out.append("<h1>How well is mail to your domain protected?</h1>")
        .append("<p class=\"lead\">This service connects to the mail servers of a domain like")
        .append(" a sending mail router, grades their protection, and shows how to improve it. It")
        .append(" sends no mail.</p>\n");
    form(out);
    ScanServiceSettings limits = service.settings();
    out.append("<p class=\"soft\">")
        .append(CountText.of(service.waiting(), "scan is | scans are"))
        .append(" waiting, ")
        .append(CountText.of(service.running(), "scan is | scans are"))
        .append(" running. A result is shown again for ")
        .append(CountText.of(limits.cache().toMinutes(), "minute"))
        .append(" before the domain is scanned again; a network may start ")
        .append(CountText.of(limits.clientHour(), "scan"))
        .append(" an hour.</p>\n")
        .append("<h2>What is scanned and what is stored</h2><div class=\"card\"><p>The hosts that")
        .append(" the MX records of the domain name, at port 25 and at public addresses; the")
        .append(" DNS records and the policies of the domain. Only results are stored, the latest")
        .append(" of each domain. Anyone can read the result of a domain.</p></div>\n")
        .append("<h2>Opting out</h2><div class=\"card\">")
        .append("<p>Publish this record, for the domain or for a host that receives mail:</p><pre>")
        .append(OptOut.LABEL)
        .append(".example.org. IN TXT \"")
        .append(OptOut.TEXT)
        .append(
            "\"</pre><p>It also holds for all names below a registered domain. The next request")
        .append(" for a scan finds it, and deletes the result that is stored.</p></div>\n")
        .append("<h2>For programs</h2><div class=\"card\"><pre>")
        .append("POST /api/v1/scans  {\"domain\": \"example.org\"}\n")
        .append("GET  /api/v1/results/example.org</pre></div>\n");
    return out.append(END).toString();
  }

  /** A page with a sentence, and the form. */
  static String message(String sentence) {
    StringBuilder out = begin("Scan a domain");
    out.append("<h1>Scan a domain</h1><p class=\"lead\">")
        .append(Html.escape(sentence))
        .append("</p>\n");
    form(out);
    return out.append("<p><a href=\"/\">Start page</a></p>").append(END).toString();
  }

  /** The page of a domain that has no report to show. */
  static String state(Domain domain, ScanService.DomainState state) {
    String name = Html.escape(domain.name());
    StringBuilder out = begin(domain.name());
    out.append("<h1>").append(name).append("</h1>");
    boolean pending =
        state instanceof ScanService.DomainState.Waits
            || state instanceof ScanService.DomainState.Runs;
    out.append("<p class=\"lead\" role=\"status\"");
    if (pending) {
      out.append(" id=\"state\" data-url=\"/api/v1/results/").append(name).append('"');
    }
    out.append('>').append(Html.escape(sentence(state))).append("</p>\n");
    if (pending) {
      out.append("<p>The result will be shown on this page. <a href=\"/d/")
          .append(name)
          .append("\">Reload</a></p>");
    } else {
      again(domain.name(), out);
    }
    return out.append("<p><a href=\"/\">Scan another domain</a></p>").append(END).toString();
  }

  private static void again(String domain, StringBuilder out) {
    out.append("<form method=\"post\" action=\"/scan\"><input type=\"hidden\" name=\"domain\"")
        .append(" value=\"")
        .append(Html.escape(domain))
        .append("\"><button type=\"submit\">Scan ")
        .append(Html.escape(domain))
        .append("</button></form>");
  }

  /** The state in a sentence. */
  static String sentence(ScanService.DomainState state) {
    return switch (state) {
      case ScanService.DomainState.HasResult(var at) ->
          "Scanned on " + at.toString().substring(0, 16).replace('T', ' ') + " UTC.";
      case ScanService.DomainState.Waits(int position, int waiting) ->
          "Waiting: number " + position + " of " + waiting + ".";
      case ScanService.DomainState.Runs() -> "The scan is running.";
      case ScanService.DomainState.Declined(String reason) -> reason;
      case ScanService.DomainState.Unknown() -> "There is no result of this domain.";
    };
  }

  /** What stands below the head of a report here: to scan again, and where else to go. */
  static String resultBar(Domain of) {
    String domain = of.name();
    StringBuilder out = new StringBuilder("<nav aria-label=\"Scan\">");
    again(domain, out);
    return out.append("<p><a href=\"/api/v1/results/")
        .append(Html.escape(domain))
        .append("\">This result as JSON</a> · <a href=\"/\">Scan another domain</a></p></nav>\n")
        .toString();
  }
}

package org.sealwax.app.doctor;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.sealwax.app.doctor.SiteFinding.SiteVerdict;
import org.sealwax.assess.render.TextLayout;
import org.sealwax.assess.render.TextLayout.Ink;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Terminal;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.CountText;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * All findings, as text and as JSON.
 *
 * @param hostname the host that was examined
 * @param findings in the order of the reviews
 */
record DoctorReport(Domain hostname, List<SiteFinding> findings) {
  private static final int VERDICT = 9;
  private static final int CHECK = 13;

  private static final Map<SiteVerdict, Ink> INKS =
      Map.of(
          SiteVerdict.OK, Ink.GREEN,
          SiteVerdict.NOTE, Ink.BLUE,
          SiteVerdict.UNKNOWN, Ink.YELLOW,
          SiteVerdict.WARNING, Ink.YELLOW,
          SiteVerdict.ERROR, Ink.RED);

  DoctorReport {
    findings = List.copyOf(findings);
  }

  /** 2 with errors, 1 with warnings or with a check without a result, else 0. */
  int exit() {
    return switch (worst()) {
      case OK, NOTE -> ExitStatus.OK;
      case UNKNOWN, WARNING -> ExitStatus.WARNINGS;
      case ERROR -> ExitStatus.ERRORS;
    };
  }

  SiteVerdict worst() {
    return findings.stream()
        .map(SiteFinding::verdict)
        .max(Comparator.naturalOrder())
        .orElse(SiteVerdict.UNKNOWN);
  }

  /** Prints it: as JSON where that is asked for, in colours on a terminal. */
  void print(ProcessEnvironment process, Arguments arguments) {
    boolean color = Terminal.isInteractive() && process.variable("NO_COLOR").isEmpty();
    process.out().print(arguments.has("--json") ? json() + "\n" : text(color));
  }

  /**
   * What is wrong first, the worst at the top, then what is right.
   *
   * @param color whether the terminal shows colours
   */
  String text(boolean color) {
    TextLayout out = new TextLayout(color);
    findings.stream()
        .sorted(Comparator.comparing(SiteFinding::verdict).reversed())
        .forEach(finding -> line(out, finding));
    long wrong = count(SiteVerdict.ERROR);
    long doubtful = count(SiteVerdict.WARNING);
    long unknown = count(SiteVerdict.UNKNOWN);
    out.line("");
    out.line(
        CountText.of(wrong, "error")
            + ", "
            + CountText.of(doubtful, "warning")
            + ", "
            + unknown
            + " unknown, "
            + (findings.size() - wrong - doubtful - unknown)
            + " in order");
    return out.toString();
  }

  private static void line(TextLayout out, SiteFinding finding) {
    Ink ink = INKS.getOrDefault(finding.verdict(), Ink.PLAIN);
    out.row(
        List.of(
            new TextLayout.Cell(finding.verdict().label(), VERDICT, ink),
            new TextLayout.Cell(finding.check(), CHECK, Ink.PLAIN)),
        finding.subject() + ": " + finding.text());
    if (!finding.fix().isEmpty()) {
      out.verbatim(List.of(new TextLayout.Cell("", VERDICT + CHECK, Ink.PLAIN)), finding.fix());
    }
  }

  private long count(SiteVerdict verdict) {
    return findings.stream().filter(f -> f.verdict() == verdict).count();
  }

  String json() {
    ObjectNode out = Json.object();
    out.put("hostname", hostname.name());
    out.put("worst", worst().label());
    ArrayNode all = out.putArray("findings");
    for (SiteFinding finding : findings) {
      ObjectNode each = all.addObject();
      each.put("verdict", finding.verdict().label());
      each.put("check", finding.check());
      each.put("subject", finding.subject());
      each.put("text", finding.text());
      ArrayNode fix = each.putArray("fix");
      finding.fix().forEach(fix::add);
    }
    return Json.indented(out);
  }
}

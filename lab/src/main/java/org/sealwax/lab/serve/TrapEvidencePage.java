package org.sealwax.lab.serve;

import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.render.Html;
import org.sealwax.assess.render.HtmlPage;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.judge.TrapTranscript;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.TrapEvent;
import org.sealwax.lab.traps.Trap;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.NamedGroup;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.TlsSuite;

/** The evidence of one test case of a token. All text from other hosts is escaped. */
final class TrapEvidencePage {
  /** ClientHellos shown; they repeat. */
  private static final int MAX_HELLOS = 8;

  private TrapEvidencePage() {}

  static String of(TokenBooking booking, Sighting sighting, SenderReport report) {
    StringBuilder out = new StringBuilder(32 * 1_024);
    Trap.TrapCase trapCase = sighting.trapCase();
    Optional<Finding> finding =
        report.findings().stream()
            .filter(f -> f.check().id().equals("lab." + trapCase.label()))
            .findFirst();
    HtmlPage.beginServed(trapCase.label() + ": " + trapCase.trap().title(), out);
    out.append("<p><a href=\"/t/")
        .append(Html.escape(booking.token().token()))
        .append("\">All traps</a></p><h1>")
        .append(Html.escape(trapCase.label() + ": " + trapCase.trap().title()))
        .append("</h1>");
    finding.ifPresent(
        f ->
            out.append("<p class=\"lead\">")
                .append(LabHtmlPages.chip(report, f))
                .append(' ')
                .append(Html.escape(f.observed()))
                .append("</p>"));
    String problem = booking.token().setupFailures().get(trapCase.label());
    if (problem != null) {
      out.append("<p>Not set up: ").append(Html.escape(problem)).append("</p>");
    }
    out.append("<p>Correct: ")
        .append(Html.escape(trapCase.trap().expected()))
        .append(" <span class=\"soft\">(")
        .append(Html.escape(trapCase.trap().source()))
        .append(")</span></p><p><code>")
        .append(Html.escape(booking.token().recipient(trapCase.label())))
        .append("</code></p>");
    List<TrapEvent> events = sighting.events();
    part("SMTP sessions", events, TrapEvidencePage::isSmtpLine, out);
    part("DNS queries", events, e -> e instanceof TrapEvent.DnsQueried, out);
    part("Requests to the policy host", events, e -> e instanceof TrapEvent.PolicyRequested, out);
    part(
        "Bounces and reports",
        events,
        e -> e instanceof TrapEvent.DsnReturned || e instanceof TrapEvent.TlsReportReceived,
        out);
    hellos(events, out);
    if (LabHtmlPages.full(sighting)) {
      out.append("<p class=\"soft\">")
          .append(sighting.dropped())
          .append(" more events were counted but not stored.</p>");
    }
    return out.append("</main></body></html>\n").toString();
  }

  private static boolean isSmtpLine(TrapEvent event) {
    return switch (event) {
      case TrapEvent.DnsQueried a -> false;
      case TrapEvent.PolicyRequested f -> false;
      case TrapEvent.DsnReturned b -> false;
      case TrapEvent.TlsReportReceived r -> false;
      case TrapEvent.HostConnected c -> true;
      case TrapEvent.SmtpLineSeen s -> true;
      case TrapEvent.ClientHelloSeen h -> true;
      case TrapEvent.HandshakeCompleted s -> true;
      case TrapEvent.HandshakeAborted u -> true;
      case TrapEvent.MessageAccepted d -> true;
      case TrapEvent.SenderDeceived f -> true;
      case TrapEvent.ConnectionClosed c -> true;
      case TrapEvent.SiteChanged t -> true;
    };
  }

  private static void part(
      String title, List<TrapEvent> events, Predicate<TrapEvent> which, StringBuilder out) {
    String lines =
        events.stream().filter(which).map(TrapTranscript::line).collect(Collectors.joining("\n"));
    out.append("<h2>").append(title).append("</h2>");
    if (lines.isEmpty()) {
      out.append("<p class=\"soft\">None.</p>");
    } else {
      out.append("<pre>").append(Html.escape(lines)).append("</pre>");
    }
  }

  private static void hellos(List<TrapEvent> events, StringBuilder out) {
    List<TrapEvent.ClientHelloSeen> all =
        events.stream()
            .filter(e -> e instanceof TrapEvent.ClientHelloSeen)
            .map(e -> (TrapEvent.ClientHelloSeen) e)
            .limit(MAX_HELLOS)
            .toList();
    if (all.isEmpty()) {
      return;
    }
    out.append("<h2>ClientHellos</h2>");
    for (TrapEvent.ClientHelloSeen hello : all) {
      out.append("<p class=\"router\">Connection ").append(hello.connection()).append("</p>");
      if (ClientHello.read(hello.raw(), 0, hello.raw().length)
          instanceof ClientHello.ClientHelloParse.Whole(ClientHello read)) {
        out.append("<pre>").append(Html.escape(helloText(read))).append("</pre>");
      }
      out.append("<details><summary>")
          .append(hello.raw().length)
          .append(" bytes</summary><pre>")
          .append(HexFormat.of().formatHex(hello.raw()))
          .append("</pre></details>");
    }
  }

  private static String helloText(ClientHello hello) {
    return "server name: "
        + (hello.serverName() == null ? "none" : hello.serverName())
        + "\nversions: "
        + (hello.versions().isEmpty()
            ? Records.versionName(hello.legacyVersion())
            : names(hello.versions(), Records::versionName))
        + "\ngroups: "
        + names(hello.groups(), NamedGroup::name)
        + "\nkey shares: "
        + names(hello.shares(), NamedGroup::name)
        + "\nsuites: "
        + names(hello.suites(), TlsSuite::name);
  }

  private static String names(List<Integer> numbers, IntFunction<String> name) {
    return numbers.stream().map(name::apply).collect(Collectors.joining(", "));
  }
}

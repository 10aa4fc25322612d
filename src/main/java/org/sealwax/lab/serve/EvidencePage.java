package org.sealwax.lab.serve;

import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.render.Html;
import org.sealwax.assess.render.Page;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.judge.Transcript;
import org.sealwax.lab.site.Event;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.traps.Trap;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.NamedGroup;
import org.sealwax.mail.tls.wire.Suite;

/** What is behind one row of a token's table. All text of strangers is escaped. */
final class EvidencePage {
  /** Hellos shown; they repeat. */
  private static final int MAX_HELLOS = 8;

  private EvidencePage() {}

  static String of(Booking booking, Sighting sighting, SenderReport report) {
    StringBuilder out = new StringBuilder(32 * 1_024);
    Trap.Case row = sighting.row();
    Optional<Finding> finding =
        report.findings().stream()
            .filter(f -> f.check().id().equals("lab." + row.label()))
            .findFirst();
    Page.beginServed(row.label() + ": " + row.trap().title(), out);
    out.append("<p><a href=\"/t/")
        .append(Html.escape(booking.ticket().token()))
        .append("\">All rows</a></p><h1>")
        .append(Html.escape(row.label() + ": " + row.trap().title()))
        .append("</h1>");
    finding.ifPresent(
        f ->
            out.append("<p class=\"lead\">")
                .append(LabPages.chip(f))
                .append(' ')
                .append(Html.escape(f.seen()))
                .append("</p>"));
    String trouble = booking.ticket().troubles().get(row.label());
    if (trouble != null) {
      out.append("<p>Not set up: ").append(Html.escape(trouble)).append("</p>");
    }
    out.append("<p>A correct sender: ")
        .append(Html.escape(row.trap().expected()))
        .append(" <span class=\"soft\">(")
        .append(Html.escape(row.trap().source()))
        .append(")</span></p><p><code>")
        .append(Html.escape(booking.ticket().recipient(row.label())))
        .append("</code></p>");
    List<Event> events = sighting.events();
    part("The conversations", events, EvidencePage::isTalk, out);
    part("What was asked of the DNS", events, e -> e instanceof Event.Asked, out);
    part("Visits to the policy host", events, e -> e instanceof Event.Fetched, out);
    part(
        "What came back",
        events,
        e -> e instanceof Event.Bounced || e instanceof Event.Reported,
        out);
    hellos(events, out);
    if (LabPages.full(sighting)) {
      out.append("<p class=\"soft\">")
          .append(sighting.dropped())
          .append(" more events were counted and not kept.</p>");
    }
    return out.append("</main></body></html>\n").toString();
  }

  private static boolean isTalk(Event event) {
    return switch (event) {
      case Event.Asked a -> false;
      case Event.Fetched f -> false;
      case Event.Bounced b -> false;
      case Event.Reported r -> false;
      case Event.Connected c -> true;
      case Event.Said s -> true;
      case Event.Hello h -> true;
      case Event.Secured s -> true;
      case Event.Unsecured u -> true;
      case Event.Delivered d -> true;
      case Event.Fooled f -> true;
      case Event.Closed c -> true;
      case Event.Turned t -> true;
    };
  }

  private static void part(
      String title, List<Event> events, Predicate<Event> which, StringBuilder out) {
    String lines =
        events.stream().filter(which).map(Transcript::line).collect(Collectors.joining("\n"));
    out.append("<h2>").append(title).append("</h2>");
    if (lines.isEmpty()) {
      out.append("<p class=\"soft\">Nothing.</p>");
    } else {
      out.append("<pre>").append(Html.escape(lines)).append("</pre>");
    }
  }

  private static void hellos(List<Event> events, StringBuilder out) {
    List<Event.Hello> all =
        events.stream()
            .filter(e -> e instanceof Event.Hello)
            .map(e -> (Event.Hello) e)
            .limit(MAX_HELLOS)
            .toList();
    if (all.isEmpty()) {
      return;
    }
    out.append("<h2>Client hellos</h2>");
    for (Event.Hello hello : all) {
      out.append("<p class=\"router\">Connection ").append(hello.connection()).append("</p>");
      if (ClientHello.read(hello.raw(), 0, hello.raw().length)
          instanceof ClientHello.Reading.Whole(ClientHello read)) {
        out.append("<pre>").append(Html.escape(told(read))).append("</pre>");
      }
      out.append("<details><summary>")
          .append(hello.raw().length)
          .append(" octets</summary><pre>")
          .append(HexFormat.of().formatHex(hello.raw()))
          .append("</pre></details>");
    }
  }

  private static String told(ClientHello hello) {
    return "server name: "
        + (hello.serverName() == null ? "none" : hello.serverName())
        + "\nversions: "
        + (hello.versions().isEmpty()
            ? version(hello.legacyVersion())
            : names(hello.versions(), EvidencePage::version))
        + "\ngroups: "
        + names(hello.groups(), NamedGroup::name)
        + "\nkey shares: "
        + names(hello.shares(), NamedGroup::name)
        + "\nsuites: "
        + names(hello.suites(), Suite::name);
  }

  private static String names(List<Integer> numbers, IntFunction<String> name) {
    return numbers.stream().map(name::apply).collect(Collectors.joining(", "));
  }

  private static String version(int number) {
    return switch (number) {
      case 0x0304 -> "TLS 1.3";
      case 0x0303 -> "TLS 1.2";
      case 0x0302 -> "TLS 1.1";
      case 0x0301 -> "TLS 1.0";
      case 0x0300 -> "SSL 3.0";
      default -> "0x" + Integer.toHexString(number);
    };
  }
}

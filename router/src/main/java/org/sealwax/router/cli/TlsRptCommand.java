package org.sealwax.router.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.tlsrpt.FailureDetail;
import org.sealwax.router.reports.received.ReceivedReportStore;
import org.sealwax.router.reports.received.ReportSummary;
import org.sealwax.router.wiring.IncomingTlsReports;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax tlsrpt}: sums up the reports that were received; no server is needed. */
public final class TlsRptCommand {
  /** Days that are summed up by default: those of last week, whose reports have arrived by now. */
  private static final int DAYS = 8;

  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  public TlsRptCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code tlsrpt}. */
  public Command command() {
    return Command.of(
        """
        sealwax tlsrpt
        summarize the TLS reports of others about our domains

        Reads the TLS reports (RFC 8460) that came to the addresses of [tlsrpt_in] or by POST,
        and prints by domain, UTC day, reporter and kind of policy how many sessions succeeded,
        how many failed, and why, with the sending and the receiving host. The name of the
        reporter is followed by the domain that signed the mail; the name in a report by POST is
        not confirmed. No server is needed. Exit code 0: no failed sessions; 1: failed sessions.

        --json              print JSON
        --since DAY         from this UTC day on: 2026-11-24, or for a number of days: 30d (8d)
        --domain DOMAIN     reports about this domain only

        $ sealwax tlsrpt --since 30d --domain example.org
        """,
        this::run);
  }

  private int run(Arguments arguments) throws IOException {
    LocalDate today = LocalDate.ofInstant(Clock.system().now(), ZoneOffset.UTC);
    LocalDate since = DayOption.since(arguments, today, DAYS);
    Optional<Domain> only = arguments.read("--domain", Domain::parse, "a domain: example.org");
    Path folder = IncomingTlsReports.storeFolder(configuration.state(arguments));
    Domain domain = only.orElse(null);
    ReportSummary summary = new ReportSummary(d -> domain == null || d.equals(domain));
    List<Path> unreadable = new ArrayList<>();
    int[] reports = new int[1];
    ReceivedReportStore.each(folder, since, summary::note, unreadable::add);
    ReceivedReportStore.each(folder, since, r -> reports[0] += summary.add(r) ? 1 : 0, file -> {});
    List<ReportSummary.Row> rows = summary.rows();
    if (summary.isCut()) {
      process.err().println("sealwax: there are too many reports; use --since or --domain");
    }
    for (Path file : unreadable) {
      process.err().println("sealwax: no report in " + file);
    }
    if (arguments.has("--json")) {
      json(rows, since, reports[0]);
    } else {
      text(rows, since, reports[0]);
    }
    return rows.stream().anyMatch(r -> r.failed() > 0) ? ExitStatus.WARNINGS : ExitStatus.OK;
  }

  private void text(List<ReportSummary.Row> rows, LocalDate since, int reports) {
    PrintStream out = process.out();
    if (rows.isEmpty()) {
      out.println("no reports about days from " + since + " on");
      return;
    }
    String heading = "";
    long succeeded = 0;
    long failed = 0;
    for (ReportSummary.Row row : rows) {
      String current = row.domain() + "  " + row.day();
      if (!current.equals(heading)) {
        out.println(current);
        heading = current;
      }
      out.println(
          "  "
              + Printable.of(row.organization())
              + " ("
              + Printable.of(row.origin().toString())
              + "), "
              + row.policy().word()
              + ": "
              + row.succeeded()
              + " succeeded, "
              + row.failed()
              + " failed");
      row.failures().forEach((failure, times) -> out.println("    " + line(failure, times)));
      succeeded += row.succeeded();
      failed += row.failed();
    }
    out.println(
        CountText.of(reports, "report")
            + " about days from "
            + since
            + " on: "
            + CountText.of(succeeded, "session")
            + " succeeded, "
            + failed
            + " failed");
  }

  private static String line(FailureDetail failure, long times) {
    return times
        + " "
        + failure.type().word()
        + ": "
        + orUnknown(failure.sendingAddress())
        + " to "
        + orUnknown(failure.host())
        + (failure.receivingAddress().isEmpty() ? "" : " [" + failure.receivingAddress() + "]")
        + (failure.reason().isEmpty() ? "" : ", \"" + failure.reason() + "\"");
  }

  private static String orUnknown(String text) {
    return text.isEmpty() ? "?" : text;
  }

  private void json(List<ReportSummary.Row> rows, LocalDate since, int reports) {
    ObjectNode out = Json.object();
    out.put("since", since.toString());
    out.put("reports", reports);
    ArrayNode list = out.putArray("rows");
    for (ReportSummary.Row row : rows) {
      ObjectNode entry = list.addObject();
      entry.put("domain", row.domain().name());
      entry.put("day", row.day().toString());
      entry.put("organization", row.organization());
      entry.put("way", row.origin().way().word());
      entry.put("from", row.origin().who());
      entry.put("policy_type", row.policy().word());
      entry.put("succeeded", row.succeeded());
      entry.put("failed", row.failed());
      ArrayNode failures = entry.putArray("failures");
      row.failures()
          .forEach(
              (failure, times) -> {
                ObjectNode one = failures.addObject();
                one.put("result_type", failure.type().word());
                one.put("sessions", times);
                one.put("sending_ip", failure.sendingAddress());
                one.put("receiving_host", failure.host());
                one.put("receiving_ip", failure.receivingAddress());
                one.put("reason", failure.reason());
              });
    }
    process.out().println(Json.line(out));
  }
}

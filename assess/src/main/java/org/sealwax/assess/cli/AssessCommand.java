package org.sealwax.assess.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.render.AssessmentReportJson;
import org.sealwax.assess.render.GradeBadge;
import org.sealwax.assess.render.ReportPage;
import org.sealwax.assess.render.ReportText;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.DefaultPaths;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.mail.cli.Terminal;

/** {@code sealwax assess TARGET}: examines how mail to a domain or host is protected. */
public final class AssessCommand {
  private final ProcessEnvironment process;
  private final DefaultPaths paths;
  private final boolean terminal;

  public AssessCommand(ProcessEnvironment around, DefaultPaths paths) {
    this.process = around;
    this.paths = paths;
    this.terminal = Terminal.isInteractive() && around.variable("NO_COLOR").isEmpty();
  }

  /** As help and the manual show it. */
  public static Subcommand subcommand() {
    return new Subcommand(
        "assess",
        "DOMAIN | HOST:PORT",
        "examine how mail to a domain or host is protected, and grade it",
        "Behaves like a polite sending router, stops before any message, and prints the grade,"
            + " what decides it, and the exact lines that fix it. A domain stands for all its"
            + " MX hosts, all their addresses and its policies. The exit code is 1 when the grade"
            + " is below --fail-below, else 0.",
        List.of(
            new Subcommand.Option(
                "--quick", null, "at most 8 connections per address instead of 45"),
            new Subcommand.Option("--full", null, "at most 120 connections per address"),
            new Subcommand.Option(
                "--connections", "COUNT", "at most so many connections per address"),
            new Subcommand.Option("--deadline", "TIME", "end after this time: 90s, 5m"),
            new Subcommand.Option("--dns", "ADDRESS", "ask this resolver, ADDRESS or ADDRESS:PORT"),
            new Subcommand.Option("--trust-anchor", "FILE", "DS or DNSKEY records to validate by"),
            new Subcommand.Option("--no-dnssec", null, "do not validate; nothing counts as signed"),
            new Subcommand.Option("--roots", "FILE", "certificate authorities to trust, in PEM"),
            new Subcommand.Option("--json", null, "print JSON"),
            new Subcommand.Option("--html", "FILE", "write the report as one page"),
            new Subcommand.Option("--badge", "FILE", "write a badge as SVG"),
            new Subcommand.Option("--fail-below", "GRADE", "exit with 1 below this grade"),
            new Subcommand.Option(
                "--router", "NAME", "advice for postfix, exim, opensmtpd or sealwax only"),
            new Subcommand.Option(
                "--also", "HOST:PORT,...", "look for the same key at these TLS services"),
            new Subcommand.Option(
                "--relay-test",
                "ADDRESS",
                "ask whether anybody's mail to this mailbox of yours elsewhere is relayed; sends"
                    + " none"),
            new Subcommand.Option(
                "--smuggling-test",
                "ADDRESS",
                "send one message with false ends to this mailbox of yours at the server"),
            new Subcommand.Option("--ehlo", "NAME", "the name to give; this machine's unless said"),
            new Subcommand.Option("--address", "ADDRESS", "connect there, with HOST:PORT"),
            new Subcommand.Option("--port", "PORT", "port of a domain's MX hosts, in a lab"),
            new Subcommand.Option("--policy-port", "PORT", "port of the MTA-STS host, in a lab"),
            new Subcommand.Option(
                "--allow-private", null, "follow names to private addresses, in a lab")),
        false);
  }

  public int run(Arguments arguments) throws Arguments.UsageError {
    if (arguments.operands().size() != 1) {
      throw new Arguments.UsageError("name one domain, host or host:port");
    }
    AssessmentTarget target = target(arguments);
    budget(arguments);
    Optional<GradeLetter> least = least(arguments);
    String router = router(arguments);
    AssessmentSetup setup;
    try {
      setup = AssessmentSetup.of(arguments, process, paths, target);
    } catch (IOException e) {
      process.err().println("sealwax: " + e.getMessage());
      return ExitStatus.DATA;
    }
    AssessmentReport report;
    try {
      AssessmentBudget budget = budget(arguments, setup);
      report = setup.assessor().assess(target, budget, progress(arguments));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitStatus.TRY_AGAIN;
    }
    if (terminal) {
      process.err().print("\r\u001b[K");
    }
    if (!report.validates()) {
      Optional<String> problem = resolverProblem(setup);
      if (problem.isPresent()) {
        process.err().println("sealwax: " + problem.get());
        process.err().println("sealwax: nothing can be said of " + target.text());
        return ExitStatus.UNAVAILABLE;
      }
    }
    try {
      write(arguments.value("--html"), ReportPage.of(report));
      write(arguments.value("--badge"), GradeBadge.of(report));
    } catch (IOException e) {
      process.err().println("sealwax: cannot write: " + e.getMessage());
      return ExitStatus.SYSTEM;
    }
    process
        .out()
        .println(
            arguments.has("--json")
                ? AssessmentReportJson.of(report)
                : new ReportText(terminal, router).of(report));
    return verdict(report, least);
  }

  private static Optional<String> resolverProblem(AssessmentSetup setup) {
    try {
      return setup.resolverProblem();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private static int verdict(AssessmentReport report, Optional<GradeLetter> least) {
    if (least.isEmpty()) {
      return ExitStatus.OK;
    }
    return report.graded().filter(g -> g.letter().compareTo(least.get()) <= 0).isPresent()
        ? ExitStatus.OK
        : ExitStatus.WARNINGS;
  }

  private void write(Optional<String> file, String text) throws IOException {
    if (file.isPresent()) {
      Path path = process.path(file.get());
      Files.writeString(path, text, StandardCharsets.UTF_8);
    }
  }

  static AssessmentTarget target(Arguments arguments) throws Arguments.UsageError {
    String text = arguments.operands().getFirst();
    AssessmentTarget target =
        AssessmentTarget.read(text)
            .orElseThrow(() -> new Arguments.UsageError(text + " is no domain, host or host:port"));
    Optional<String> address = arguments.value("--address");
    if (address.isEmpty()) {
      return target;
    }
    if (!(target instanceof AssessmentTarget.HostTarget host)) {
      throw new Arguments.UsageError("--address goes with host:port");
    }
    try {
      return host.at(InetAddress.ofLiteral(address.get()));
    } catch (IllegalArgumentException e) {
      throw new Arguments.UsageError("--address " + address.get() + " is no address");
    }
  }

  /** Connections for tests that were requested by name are added. */
  private static AssessmentBudget budget(Arguments arguments, AssessmentSetup setup)
      throws Arguments.UsageError {
    AssessmentBudget budget = budget(arguments);
    int more = setup.assessor().reserve(budget.depth());
    return budget.withConnections(
        Math.min(AssessmentBudget.MAX_CONNECTIONS, budget.connections() + more));
  }

  static AssessmentBudget budget(Arguments arguments) throws Arguments.UsageError {
    if (arguments.has("--quick") && arguments.has("--full")) {
      throw new Arguments.UsageError("--quick or --full, not both");
    }
    ScanDepth depth =
        arguments.has("--quick")
            ? ScanDepth.QUICK
            : arguments.has("--full") ? ScanDepth.FULL : ScanDepth.STANDARD;
    AssessmentBudget budget = AssessmentBudget.of(depth);
    Optional<String> connections = arguments.value("--connections");
    if (connections.isPresent()) {
      budget =
          budget.withConnections(
              number("--connections", connections.get(), AssessmentBudget.MAX_CONNECTIONS));
    }
    Optional<String> deadline = arguments.value("--deadline");
    if (deadline.isPresent()) {
      budget = budget.withTotal(DurationParser.read("--deadline", deadline.get()));
    }
    return budget;
  }

  static int number(String option, String text, int most) throws Arguments.UsageError {
    try {
      int n = Integer.parseInt(text);
      if (n >= 1 && n <= most) {
        return n;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new Arguments.UsageError(option + " is a number from 1 to " + most);
  }

  private static Optional<GradeLetter> least(Arguments arguments) throws Arguments.UsageError {
    Optional<String> text = arguments.value("--fail-below");
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Optional<GradeLetter> letter = GradeLetter.read(text.get());
    if (letter.isEmpty()) {
      throw new Arguments.UsageError("--fail-below is one of A+ A A- B C D E F");
    }
    return letter;
  }

  private static String router(Arguments arguments) throws Arguments.UsageError {
    String name = arguments.value("--router").orElse("").toLowerCase(Locale.ROOT);
    if (!List.of("", "postfix", "exim", "opensmtpd", "sealwax").contains(name)) {
      throw new Arguments.UsageError("--router is one of postfix exim opensmtpd sealwax");
    }
    return name;
  }

  private ProgressListener progress(Arguments arguments) {
    return terminal && !arguments.has("--json")
        ? new StatusLine(process.err())
        : ProgressListener.none();
  }

  /** One line that is written over and over. */
  private static final class StatusLine implements ProgressListener {
    private final PrintStream out;
    private int bad;

    StatusLine(PrintStream out) {
      this.out = out;
    }

    @Override
    public synchronized void checking(FindingLocation location, String what, int connections) {
      String count = connections == 0 ? "" : ", " + connections + " connections";
      String found = bad == 0 ? "" : ", " + bad + " to mend";
      String text = "  " + location.text() + ": " + what + count + found;
      out.print("\r\u001b[K" + (text.length() > 110 ? text.substring(0, 110) : text));
      out.flush();
    }

    @Override
    public synchronized void found(Finding finding) {
      if (finding.outcome() == CheckOutcome.FAIL || finding.outcome() == CheckOutcome.WARN) {
        bad++;
      }
    }
  }
}

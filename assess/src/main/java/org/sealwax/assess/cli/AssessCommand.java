package org.sealwax.assess.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
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
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Terminal;
import org.sealwax.mail.net.FailureText;

/** {@code sealwax assess TARGET}: examines how mail to a domain or host is protected. */
public final class AssessCommand {
  private final ProcessEnvironment process;
  private final boolean terminal;

  private AssessCommand(ProcessEnvironment process) {
    this.process = process;
    this.terminal = Terminal.isInteractive() && process.variable("NO_COLOR").isEmpty();
  }

  /** {@code assess}. */
  public static Command command(ProcessEnvironment process) {
    return Command.of(
        """
        sealwax assess DOMAIN | HOST:PORT
        examine how mail to a domain or host is protected, and grade it

        Behaves like a polite sending router, stops before any message, and prints the grade, what
        decides it, and the exact lines that fix it. A domain stands for all its MX hosts, all their
        addresses and its policies. The exit code is 1 when the grade is below --fail-below, else 0.

        --quick             at most 8 connections per address instead of 45
        --full              at most 120 connections per address
        --connections COUNT  at most so many connections per address
        --json              print JSON
        --html FILE         write the report as one page
        --badge FILE        write a badge as SVG
        --fail-below GRADE  exit with 1 below this grade
        --router NAME       settings for postfix, exim, opensmtpd or sealwax (the one that the
                            banner names)
        --all               list passed checks too
        --also HOST:PORT,...  look for the same key at these TLS services
        --relay-test ADDRESS  ask whether anybody's mail to this mailbox of yours elsewhere is
                            relayed; sends none
        --smuggling-test ADDRESS  send one message with false ends to this mailbox of yours at the
                            server
        --address ADDRESS   connect there, with HOST:PORT

        $ sealwax assess example.org
        $ sealwax assess mx.example.org:25 --full --html report.html
        $ sealwax assess example.org --fail-below A
        """
            + AssessmentSetup.OPTIONS,
        arguments -> new AssessCommand(process).run(arguments));
  }

  private int run(Arguments arguments) throws IOException, InterruptedException {
    AssessmentTarget target = target(arguments);
    budget(arguments);
    Optional<GradeLetter> least =
        arguments.read("--fail-below", GradeLetter::read, "one of A+ A A- B C D E F");
    String router = router(arguments);
    AssessmentSetup setup;
    try {
      setup = AssessmentSetup.of(arguments, process, target);
    } catch (Arguments.UsageError e) {
      throw e;
    } catch (IOException e) {
      throw new CommandFailed(ExitStatus.DATA, String.valueOf(e.getMessage()), "");
    }
    AssessmentReport report =
        setup.assessor().assess(target, budget(arguments, setup), progress(arguments));
    if (terminal) {
      process.err().print("\r\u001b[K");
    }
    if (!report.validates()) {
      Optional<String> problem = setup.resolverProblem();
      if (problem.isPresent()) {
        process.err().println("sealwax: " + problem.get());
        process.err().println("sealwax: cannot assess " + target.text());
        return ExitStatus.UNAVAILABLE;
      }
    }
    write(arguments.value("--html"), ReportPage.of(report));
    write(arguments.value("--badge"), GradeBadge.of(report));
    process
        .out()
        .println(
            arguments.has("--json")
                ? AssessmentReportJson.of(report)
                : new ReportText(terminal, router, arguments.has("--all")).of(report));
    return verdict(report, least);
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
      try {
        Files.writeString(process.path(file.get()), text, StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new IOException("cannot write: " + FailureText.of(e), e);
      }
    }
  }

  static AssessmentTarget target(Arguments arguments) throws Arguments.UsageError {
    String text = arguments.operand();
    AssessmentTarget target =
        AssessmentTarget.read(text)
            .orElseThrow(
                () -> new Arguments.UsageError(text + " is not a domain, host or host:port"));
    Optional<String> address = arguments.value("--address");
    if (address.isEmpty()) {
      return target;
    }
    if (!(target instanceof AssessmentTarget.HostTarget host)) {
      throw new Arguments.UsageError("--address needs a target host:port");
    }
    try {
      return host.at(InetAddress.ofLiteral(address.get()));
    } catch (IllegalArgumentException e) {
      throw new Arguments.UsageError("--address " + address.get() + " is not an address");
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
    Optional<Integer> most = arguments.number("--connections", AssessmentBudget.MAX_CONNECTIONS);
    budget = most.isPresent() ? budget.withConnections(most.get()) : budget;
    return timed(arguments, budget);
  }

  /** The budget with the time of {@code --deadline}. */
  static AssessmentBudget timed(Arguments arguments, AssessmentBudget budget)
      throws Arguments.UsageError {
    Optional<Duration> deadline = arguments.time("--deadline");
    return deadline.isPresent() ? budget.withTotal(deadline.get()) : budget;
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
      String found = bad == 0 ? "" : ", " + bad + " to fix";
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

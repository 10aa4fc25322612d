package org.sealwax.assess.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.baseline.BaselineComparison;
import org.sealwax.assess.baseline.BaselineReport;
import org.sealwax.assess.baseline.ComparisonText;
import org.sealwax.assess.baseline.MalformedBaseline;
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
import org.sealwax.mail.cli.NamedDomain;
import org.sealwax.mail.cli.OutputFile;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Terminal;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;

/** {@code sealwax assess TARGET}: examines how mail to a domain or host is protected. */
public final class AssessCommand {
  /** Bytes of a baseline: a report of 512 addresses with all its evidence has fewer. */
  private static final int MAX_BASELINE = 64 << 20;

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
        grade the protection of mail to a domain or host

        Behaves like a polite sending router, stops before any message, and prints the
        grade, the reasons for it, and the settings and DNS records that fix each fault. For a
        domain it examines all MX hosts, all their addresses and the policies.

        With --baseline the report also shows what got better and what got worse since an earlier
        report of the same target. The letters are compared only when both reports have the same
        rules and the same depth.

        Exit codes for continuous integration: 2 when something got worse than in --baseline,
        whatever the grade; 1 when the grade is below --fail-below; else 0. 65: the baseline is not
        a report of this target.

        --quick             at most 8 connections per address instead of 45
        --full              at most 120 connections per address
        --connections COUNT  maximum number of connections per address
        --json              print JSON
        --html FILE         write the report as one page
        --badge FILE        write a badge as SVG
        --fail-below GRADE  exit with 1 below this grade
        --baseline FILE     compare with this earlier report (a file or pipe of
                            --json)
        --router NAME       settings for postfix, exim, opensmtpd or sealwax (the one that the
                            banner names)
        --all               list passed checks, too
        --also HOST:PORT,...  check whether these TLS services use the same key
        --relay-test ADDRESS  test for an open relay with this mailbox of yours in another
                            domain; sends no mail
        --smuggling-test ADDRESS  test for SMTP smuggling: send one message to this mailbox of
                            yours at the server
        --address ADDRESS   connect to this address, with HOST:PORT

        $ sealwax assess example.org
        $ sealwax assess mx.example.org:25 --full --html report.html
        $ sealwax assess example.org --fail-below A
        $ sealwax assess example.org --json > before.json
        $ sealwax assess example.org --baseline before.json
        """
            + AssessmentSetup.OPTIONS,
        arguments -> new AssessCommand(process).run(arguments),
        List.of(AssessServeCommand.command(process)));
  }

  private int run(Arguments arguments) throws IOException, InterruptedException {
    AssessmentTarget target = target(arguments);
    budget(arguments);
    Optional<GradeLetter> least =
        arguments.read("--fail-below", GradeLetter::read, "one of A+ A A- B C D E F");
    String router = router(arguments);
    Optional<BaselineReport> baseline = baseline(arguments, target);
    OutputFile.check(process, arguments, "--html");
    OutputFile.check(process, arguments, "--badge");
    AssessmentSetup setup;
    try {
      setup = AssessmentSetup.of(arguments, process, target);
    } catch (Arguments.UsageError e) {
      throw e;
    } catch (IOException e) {
      throw new CommandFailed(ExitStatus.DATA, FailureText.of(e));
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
    Optional<ComparisonText> comparison =
        baseline.map(b -> new ComparisonText(BaselineComparison.of(b, report)));
    write(
        arguments.value("--html"),
        ReportPage.of(report, comparison.map(ComparisonText::section).orElse("")));
    write(arguments.value("--badge"), GradeBadge.of(report));
    if (arguments.has("--json")) {
      String json = AssessmentReportJson.of(report);
      process.out().println(comparison.map(c -> c.json(json)).orElse(json));
    } else {
      process.out().println(new ReportText(terminal, router, arguments.has("--all")).of(report));
      comparison.ifPresent(c -> process.out().println(c.plain()));
    }
    return comparison.filter(c -> c.comparison().isWorse()).isPresent()
        ? ExitStatus.ERRORS
        : verdict(report, least);
  }

  /** Read before the scan, so that a wrong file is known at once. */
  private Optional<BaselineReport> baseline(Arguments arguments, AssessmentTarget target)
      throws CommandFailed {
    Optional<String> file = arguments.value("--baseline");
    if (file.isEmpty()) {
      return Optional.empty();
    }
    Path path = process.path(file.get());
    try (InputStream in = RegularFile.openOrPipe(path)) {
      byte[] bytes = in.readNBytes(MAX_BASELINE + 1);
      if (bytes.length > MAX_BASELINE) {
        throw new CommandFailed(
            ExitStatus.DATA, "--baseline: " + path + ": larger than " + MAX_BASELINE + " bytes");
      }
      BaselineReport read = BaselineReport.read(new String(bytes, StandardCharsets.UTF_8));
      if (!read.target().equals(target.text())) {
        throw new CommandFailed(
            ExitStatus.DATA,
            "--baseline "
                + path
                + " is a report of "
                + Printable.of(read.target())
                + ", not of "
                + target.text());
      }
      return Optional.of(read);
    } catch (MalformedBaseline e) {
      throw new CommandFailed(ExitStatus.DATA, "--baseline " + path + " " + e.getMessage())
          .withHelp("sealwax assess " + target.text() + " --json > FILE makes one");
    } catch (CommandFailed e) {
      throw e;
    } catch (IOException e) {
      throw new CommandFailed(ExitStatus.DATA, "--baseline: " + FailureText.of(path, e));
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
        AssessmentTarget.read(text).orElseThrow(() -> new Arguments.UsageError(problem(text)));
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

  private static String problem(String text) {
    return NamedDomain.problem(text)
        .filter(sentence -> !sentence.endsWith(" is not a domain"))
        .orElse("\"" + Printable.of(text) + "\" is not a domain, host or host:port");
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
      String count = connections == 0 ? "" : ", " + CountText.of(connections, "connection");
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

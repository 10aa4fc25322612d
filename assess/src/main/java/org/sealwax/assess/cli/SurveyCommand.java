package org.sealwax.assess.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.render.AssessmentReportJson;
import org.sealwax.assess.survey.ProviderLimiter;
import org.sealwax.assess.survey.ProviderLimiter.BlockLimit;
import org.sealwax.assess.survey.Survey;
import org.sealwax.assess.survey.SurveyState;
import org.sealwax.assess.survey.SurveyTables;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.OutputFile;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Terminal;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;

/** {@code sealwax survey FILE}: many domains, one line each in, JSON lines out. */
public final class SurveyCommand {
  /** Visits at a time: each holds a socket and some 100 KB while it shakes hands. */
  private static final int VISITS = 64;

  private static final int MAX_VISITS = 2_000;

  /** Targets in progress for each visit at a time: most of their time they wait for the DNS. */
  private static final int WINDOW = 4;

  /** Characters of a bad line that are reported. */
  private static final int MAX_SHOWN = 80;

  private final ProcessEnvironment process;
  private final boolean terminal;

  private SurveyCommand(ProcessEnvironment process) {
    this.process = process;
    this.terminal = Terminal.isInteractive();
  }

  /** {@code survey}. */
  public static Command command(ProcessEnvironment process) {
    return Command.of(
        """
        sealwax survey FILE
        assess many domains

        Reads one domain, host or host:port per line of a file or pipe (- is standard input; #
        begins a comment) and writes one JSON object per line. Addresses of one block (an IPv4 /24, an IPv6 /48)
        share a budget, so that no provider gets many connections at a time. With --state an
        interrupted survey is continued, and with --out no line is written twice. Invalid lines
        are reported with their number. The summary is printed on standard error.

        The files of --html and --csv are written when the survey ends. They have all results of
        --out, those of earlier runs among them; without --out, those of this run.

        --out FILE          append results there instead of printing
        --html FILE         write a page: grades, findings, and a table that can be sorted
        --csv FILE          write a table for a spreadsheet
        --state FILE        record the progress, and continue an interrupted survey
        --whole             write whole reports, with evidence
        --standard          standard assessments instead of quick
        --visits COUNT      maximum number of concurrent visits (%d)
        --per-provider COUNT  the same for one address block (%d)
        --pause MILLISECONDS  time between visits to one address block (%d)

        $ sealwax survey domains --out results.jsonl --state progress
        $ sealwax survey domains --html survey.html --csv survey.csv > results.jsonl
        """
                .formatted(VISITS, BlockLimit.POLITE.visits(), BlockLimit.POLITE.pause().toMillis())
            + AssessmentSetup.OPTIONS,
        arguments -> new SurveyCommand(process).run(arguments));
  }

  private int run(Arguments arguments) throws IOException, InterruptedException {
    AssessmentBudget budget =
        AssessCommand.timed(
            arguments,
            AssessmentBudget.of(
                arguments.has("--standard") ? ScanDepth.STANDARD : ScanDepth.QUICK));
    int visits = arguments.number("--visits", MAX_VISITS).orElse(VISITS);
    int each = arguments.number("--per-provider", MAX_VISITS).orElse(BlockLimit.POLITE.visits());
    Duration pause =
        arguments
            .read("--pause", SurveyCommand::millis, "a number of milliseconds")
            .orElse(BlockLimit.POLITE.pause());
    ProviderLimiter gate = new ProviderLimiter(visits, new BlockLimit(each, pause), Clock.system());
    String input = arguments.operand();
    for (String option : List.of("--out", "--html", "--csv", "--state")) {
      OutputFile.check(process, arguments, option);
    }
    try (Reader reader = reader(input);
        SurveyOutput output = new SurveyOutput(process, arguments, input, terminal)) {
      AssessmentSetup setup =
          AssessmentSetup.of(arguments, process, arguments.has("--allow-private"), gate);
      Optional<String> problem = setup.resolverProblem();
      if (problem.isPresent()) {
        process.err().println("sealwax: " + problem.get());
        return ExitStatus.UNAVAILABLE;
      }
      new Survey(setup.assessor(), budget, visits * WINDOW).run(reader, output.ledger(), output);
      output.summary();
      output.tables(arguments);
      return output.bad == 0 ? ExitStatus.OK : ExitStatus.WARNINGS;
    }
  }

  private static Optional<Duration> millis(String text) {
    return Optional.of(text)
        .filter(t -> t.matches("[0-9]{1,6}"))
        .map(t -> Duration.ofMillis(Long.parseLong(t)));
  }

  private Reader reader(String input) throws IOException {
    if (input.equals("-")) {
      return new InputStreamReader(process.in(), StandardCharsets.UTF_8);
    }
    Path file = process.path(input);
    try {
      // Bytes that are not UTF-8 make a bad line, not the end of the survey.
      return new InputStreamReader(RegularFile.openOrPipe(file), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new CommandFailed(ExitStatus.DATA, FailureText.of(file, e));
    }
  }

  /** Where results go, and what is counted. */
  private static final class SurveyOutput implements Survey.ResultWriter, AutoCloseable {
    private final PrintStream err;
    private final Writer out;
    private final ProcessEnvironment process;
    private final @Nullable Path results;

    /** A copy of the output, when tables are written. */
    private final @Nullable Path copy;

    private final @Nullable Writer copied;
    private final boolean complete;
    private final boolean terminal;
    private final @Nullable SurveyState state;
    private final long began = Clock.system().nanoTime();
    private final TreeMap<String, Integer> grades = new TreeMap<>();
    private long done;
    private long bad;
    private long skipped;
    private long connections;

    SurveyOutput(ProcessEnvironment around, Arguments arguments, String input, boolean terminal)
        throws IOException {
      this.process = around;
      this.err = around.err();
      this.complete = arguments.has("--whole");
      this.terminal = terminal;
      Path to = arguments.value("--out").map(around::path).orElse(null);
      this.results = to;
      Optional<String> file = arguments.value("--state");
      this.state = file.isPresent() ? SurveyState.open(around.path(file.get()), input, to) : null;
      this.out =
          to == null
              ? new BufferedWriter(new OutputStreamWriter(around.out(), StandardCharsets.UTF_8))
              : Files.newBufferedWriter(
                  to, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      boolean tables = arguments.has("--html") || arguments.has("--csv");
      this.copy = to == null && tables ? Files.createTempFile("sealwax-survey", ".jsonl") : null;
      this.copied = copy == null ? null : Files.newBufferedWriter(copy, StandardCharsets.UTF_8);
    }

    Survey.FinishedLines ledger() {
      SurveyState there = state;
      return there == null ? line -> false : there;
    }

    private void write(long line, String json) throws IOException {
      if (state != null && results != null) {
        state.begin(line, Files.size(results));
      }
      out.write(json);
      out.write('\n');
      out.flush();
      if (copied != null) {
        copied.write(json + "\n");
      }
      if (state != null) {
        state.note(line);
      }
      if (terminal) {
        err.print("\r\u001b[K  " + counts());
        err.flush();
      }
    }

    @Override
    public void report(long line, AssessmentReport report) throws IOException {
      done++;
      connections += report.connections();
      grades.merge(report.graded().map(g -> g.letter().text()).orElse("none"), 1, Integer::sum);
      write(line, AssessmentReportJson.of(report, line, complete));
    }

    @Override
    public void bad(long line, String text, String why) throws IOException {
      bad++;
      if (terminal) {
        err.print("\r\u001b[K");
      }
      String shown = cut(text);
      err.println("line " + line + ": " + Printable.of(shown) + ": " + why);
      write(line, AssessmentReportJson.bad(line, shown, why));
    }

    /** Never between the halves of a character, of which no file could be made. */
    private static String cut(String text) {
      if (text.length() <= MAX_SHOWN) {
        return text;
      }
      boolean half = Character.isHighSurrogate(text.charAt(MAX_SHOWN - 1));
      return text.substring(0, half ? MAX_SHOWN - 1 : MAX_SHOWN) + "…";
    }

    @Override
    public void skipped(long line) {
      skipped++;
    }

    private String counts() {
      double seconds = (Clock.system().nanoTime() - began) / 1e9;
      return String.format(
          Locale.ROOT,
          "%d done, %.1f a second, %d connections, %d invalid lines%s",
          done,
          done / Math.max(seconds, 0.001),
          connections,
          bad,
          skipped == 0 ? "" : ", " + skipped + " done before");
    }

    void summary() {
      if (terminal) {
        err.print("\r\u001b[K");
      }
      err.println(counts());
      for (String letter : List.of("A+", "A", "A-", "B", "C", "D", "E", "F", "none")) {
        int n = grades.getOrDefault(letter, 0);
        if (n > 0) {
          int bar = (int) Math.max(1, 40L * n / Math.max(1, done));
          err.println(
              String.format(
                  Locale.ROOT,
                  "  %-5s %7d  %5.1f %%  %s",
                  letter,
                  n,
                  100.0 * n / done,
                  "#".repeat(bar)));
        }
      }
    }

    /** Writes what {@code --html} and {@code --csv} ask for. */
    void tables(Arguments arguments) throws IOException {
      if (copied != null) {
        copied.flush();
      }
      Path from = copy == null ? results : copy;
      Optional<Path> csv = arguments.value("--csv").map(process::path);
      Optional<Path> html = arguments.value("--html").map(process::path);
      if (from != null && (csv.isPresent() || html.isPresent())) {
        SurveyTables.write(from, csv, html);
      }
    }

    @Override
    public void close() throws IOException {
      if (copied != null && copy != null) {
        copied.close();
        Files.delete(copy);
      }
      if (results != null) {
        out.close();
      }
      if (state != null) {
        state.close();
      }
    }
  }
}

package org.sealwax.lab.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderProfile;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.judge.SightingFacts;
import org.sealwax.lab.serve.SenderReportPage;
import org.sealwax.lab.site.AddressSource;
import org.sealwax.lab.site.Lab;
import org.sealwax.lab.site.LabSettings;
import org.sealwax.lab.site.LabToken;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.OutputFile;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Terminal;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;

/** {@code sealwax lab local}: the lab on this machine, for one sender. */
public final class LabCommand {
  /** Default time for a sender: its second tries are within it. */
  private static final Duration WAIT = Duration.ofMinutes(3);

  /** Time with {@code --patient}: a bounce after some tries is within it. */
  private static final Duration PATIENT = Duration.ofMinutes(30);

  /** The run ends when nothing is open and nothing new came for this time. */
  private static final Duration QUIET = Duration.ofSeconds(8);

  /** Of seconds, and of the divisor of times. */
  private static final int MOST = 999_999;

  private static final Duration POLL_INTERVAL = Duration.ofMillis(500);

  private final ProcessEnvironment process;
  private final Clock clock = Clock.system();

  private final Arguments arguments;
  private final boolean json;
  private final List<Trap.TrapCase> trapCases;
  private final SenderProfile profile;
  private final Duration patience;
  private final Optional<GradeLetter> failBelow;
  private final LabSettings settings;

  private LabCommand(ProcessEnvironment process, Arguments arguments) throws Arguments.UsageError {
    this.process = process;
    this.arguments = arguments;
    this.json = arguments.has("--json");
    this.trapCases =
        arguments
            .read("--traps", Traps::chosen, "quick, all, or groups (e), traps (e3), cases (d1s)")
            .orElseGet(Traps::cases);
    this.profile =
        arguments
            .read("--profile", SenderProfile::read, "opportunistic, strict or verified")
            .orElse(SenderProfile.OPPORTUNISTIC);
    this.failBelow = arguments.read("--fail-below", GradeLetter::read, "a grade from A+ to F");
    Optional<Integer> wait = arguments.number("--wait", MOST);
    this.patience =
        wait.isPresent()
            ? Duration.ofSeconds(wait.get())
            : arguments.has("--patient") ? PATIENT : WAIT;
    String[] ports = arguments.value("--ports").orElse("25:443").split(":", -1);
    if (ports.length != 2) {
      throw new Arguments.UsageError("--ports takes two ports: 2525:8443");
    }
    LabSettings local =
        LabSettings.defaults()
            .withPorts(
                Arguments.number("a port", ports[0], 65_535),
                Arguments.number("a port", ports[1], 65_535))
            .withScale(arguments.number("--scale", MOST).orElse(LabSettings.SCALE));
    this.settings =
        isInside()
            ? local
                .with(AddressSource.namespace())
                .withDns(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 53))
            : local;
  }

  private boolean color() {
    return Terminal.isInteractive() && process.variable("NO_COLOR").isEmpty();
  }

  private boolean isInside() {
    return process.variable(LabNamespace.INSIDE).isPresent();
  }

  /**
   * {@code lab} with its commands.
   *
   * @param configured serves the lab of the configuration
   */
  public static Command command(ProcessEnvironment process, Command.Action configured) {
    return Command.group(
        """
        sealwax lab COMMAND
        test what a mail router does with broken and attacked destinations

        A small internet of deliberately broken receivers, with its own signed DNS, MTA-STS policy
        hosts and certificates. The lab itself sends no mail.

        $ sealwax lab local --isolate --exec docs/lab/sealwax/run --traps quick
        """,
        List.of(
            Command.of(
                """
                sealwax lab local
                test one router with a lab on this machine

                Prints what the router under test needs (resolver, trust anchor, CA, recipients),
                prints its deliveries as they happen, and ends with a report: the grade, what to
                fix, and the verdict on each trap. Verdicts are printed only at the end, because
                deferred mail may still be delivered in another way.

                --isolate           run in a network namespace with the standard ports, separate
                                    addresses and a resolv.conf: routers need no changes
                --exec COMMAND      run by /bin/sh when the lab is ready, until the lab ends; its
                                    environment has LAB_RESOLVER, LAB_ANCHOR, LAB_CA, LAB_SENDER,
                                    LAB_RECIPIENTS, LAB_FOLDER, LAB_SMTP_PORT, LAB_HTTPS_PORT
                --traps LIST        quick, all, groups (e), traps (e3), test cases (d1s); -b11
                                    leaves a trap out (all)
                --profile WORD      TLS settings of the router: opportunistic, strict (TLS
                                    everywhere) or verified (opportunistic)
                --json              print JSON
                --html FILE         also write the report as a page
                --junit FILE        also write JUnit XML, with a test case for each trap
                --folder FOLDER     folder for the files for the router (a new one)
                --scale N           divide long times of the lab by N (60)
                --wait SECONDS      time limit for the router (180)
                --patient           the same as --wait 1800
                --ports SMTP:HTTPS  ports of the receivers (25:443)
                --fail-below GRADE  exit code 1 below this grade

                $ sealwax lab local --isolate --exec 'postfix start; ...'
                $ sealwax lab local --ports 2525:8443 --traps quick --json
                """,
                arguments -> new LabCommand(process, arguments).local()),
            LabServeCommand.command(process, configured)));
  }

  private int local() throws IOException, InterruptedException {
    OutputFile.check(process, arguments, "--html");
    OutputFile.check(process, arguments, "--junit");
    try {
      return arguments.has("--isolate") && !isInside()
          ? new LabNamespace(process).runInside()
          : run();
    } catch (IOException e) {
      throw new CommandFailed(ExitStatus.UNAVAILABLE, FailureText.of(e))
          .withHelp(
              "--isolate uses a separate network, in which every port is free; --ports 2525:8443"
                  + " uses ports that need no privileges");
    }
  }

  private int run() throws IOException, InterruptedException {
    Optional<String> named = arguments.value("--folder");
    Path folder =
        named.isPresent()
            ? Files.createDirectories(process.path(named.get()))
            : Files.createTempDirectory("sealwax-lab");
    long begun = clock.nanoTime();
    try (Lab lab = new Lab(settings, clock, RandomSource.secure());
        LabToken token = lab.issue(trapCases)) {
      lab.actValidating(true);
      SenderInstructions kit = new SenderInstructions(lab, token, folder);
      kit.write();
      if (!json) {
        process.out().print(kit.text());
        long millis = Duration.ofNanos(clock.nanoTime() - begun).toMillis();
        process.out().println("ready after " + millis + " ms; waiting for the sender\n");
        process.out().flush();
      }
      Optional<String> exec = arguments.value("--exec");
      Process sender = exec.isPresent() ? start(exec.get(), kit, folder) : null;
      try {
        watch(token, sender);
      } finally {
        if (sender != null) {
          sender.descendants().forEach(ProcessHandle::destroy);
          sender.destroy();
        }
      }
      SenderReport report =
          new SenderAssessment(profile, true)
              .report(token.sightings(), ReverseLookups.of(resolver(lab), token.sightings()));
      return printReport(report, token);
    }
  }

  private Resolver resolver(Lab lab) {
    return new CachingResolver(
        DnsSettings.defaults().withResolvers(List.of(lab.resolver())).withAnchors(lab.anchors()),
        clock,
        RandomSource.secure());
  }

  private Process start(String command, SenderInstructions kit, Path folder) throws IOException {
    ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", command);
    builder.environment().putAll(kit.variables());
    // Its output must not mix with ours: --json is for programs.
    builder.redirectErrorStream(true);
    builder.redirectOutput(folder.resolve("exec.log").toFile());
    return builder.start();
  }

  /**
   * Prints where mail was delivered or given up, until nothing is open or the time is up. Its
   * meaning is printed at the end: until then the sender can retry.
   */
  private void watch(LabToken token, @org.jspecify.annotations.Nullable Process sender)
      throws InterruptedException {
    Instant end = clock.now().plus(patience);
    Instant changed = clock.now();
    Map<String, String> seen = new HashMap<>();
    Set<String> printed = new HashSet<>();
    while (clock.now().isBefore(end)) {
      SenderReport report = new SenderAssessment(profile, false).report(token.sightings());
      boolean open = !report.waiting().isEmpty();
      for (Finding finding : report.findings()) {
        // Once a sender has shown that it reports soon, its other reports are waited for.
        open |=
            finding.check().id().equals("sender.tlsrpt")
                && finding.outcome() == CheckOutcome.INCONCLUSIVE;
        if (!finding.check().id().startsWith("lab.") || !finding.outcome().known()) {
          continue;
        }
        String verdict = finding.outcome() + finding.aspect();
        if (!verdict.equals(seen.put(finding.check().id(), verdict))) {
          changed = clock.now();
        }
      }
      if (!json) {
        printDecided(token, printed);
      }
      process.out().flush();
      boolean quiet = clock.now().isAfter(changed.plus(QUIET));
      if (!open && quiet && !seen.isEmpty()) {
        return;
      }
      if (sender != null && !sender.isAlive() && sender.exitValue() != 0 && seen.isEmpty()) {
        process.err().println("sealwax: the command of --exec ended with " + sender.exitValue());
        return;
      }
      Thread.sleep(POLL_INTERVAL);
    }
  }

  private void printDecided(LabToken token, Set<String> printed) {
    for (Sighting sighting : token.sightings()) {
      SightingFacts facts = SightingFacts.of(sighting);
      String label = sighting.trapCase().label();
      if (facts.decided() && printed.add(label)) {
        process.out().println(String.format(Locale.ROOT, "  %-6s %s", label, facts.text()));
      }
    }
  }

  private int printReport(SenderReport report, LabToken token) throws IOException {
    if (json) {
      process.out().println(SenderReportText.json(report));
    } else {
      process.out().print(SenderReportText.text(report, color()));
      token
          .setupFailures()
          .forEach((label, why) -> process.out().println("not set up: " + label + ": " + why));
    }
    process.out().flush();
    Optional<String> html = arguments.value("--html");
    if (html.isPresent()) {
      String title = report.router().isEmpty() ? "The sender" : report.router() + " as a sender";
      Files.writeString(
          process.path(html.get()), SenderReportPage.of(report, title, Version.text()));
    }
    Optional<String> junit = arguments.value("--junit");
    if (junit.isPresent()) {
      Files.writeString(process.path(junit.get()), SenderReportText.junit(report));
    }
    boolean below = failBelow.isPresent() && report.grade().letter().compareTo(failBelow.get()) > 0;
    return below ? ExitStatus.WARNINGS : ExitStatus.OK;
  }
}

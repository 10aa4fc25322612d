package org.sealwax.lab.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderProfile;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.site.AddressSource;
import org.sealwax.lab.site.Lab;
import org.sealwax.lab.site.LabSettings;
import org.sealwax.lab.site.LabToken;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
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

  private LabCommand(ProcessEnvironment process) {
    this.process = process;
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
        test what a mail router does when the way out is broken or under attack

        A small internet of deliberately broken receivers, with its own signed DNS, MTA-STS policy
        hosts and certificates. The lab itself sends no mail.
        """,
        List.of(
            Command.of(
                """
                sealwax lab local
                test one router with a lab on this machine

                Prints what the router under test needs (resolver, trust anchor, CA, recipients),
                shows what it does as it does it, and ends with a grade.

                --isolate           in a network namespace of its own: real ports, own addresses
                                    and resolv.conf, so that any router runs in it unchanged
                --exec COMMAND      run by /bin/sh when the lab is ready; finds LAB_RESOLVER,
                                    LAB_ANCHOR, LAB_CA, LAB_SENDER, LAB_RECIPIENTS, LAB_FOLDER,
                                    LAB_SMTP_PORT, LAB_HTTPS_PORT in its environment, and is ended
                                    with the lab
                --traps LIST        quick, all, groups (e), traps (e3), test cases (d1s), and -b11
                                    for what is left out (all)
                --profile WORD      what the router chose: opportunistic, strict (TLS everywhere)
                                    or verified (opportunistic)
                --json              print JSON
                --junit FILE        write JUnit XML too, a test case for each trap
                --folder FOLDER     where the files for the router go (a new one)
                --scale N           divide the lab's long times by N (60)
                --wait SECONDS      how long the router has (180)
                --patient           give it half an hour
                --ports SMTP:HTTPS  other ports for the receivers (25:443)
                --fail-below GRADE  exit code 1 below this grade

                $ sealwax lab local --isolate --exec 'postfix start; ...'
                $ sealwax lab local --ports 2525:8443 --traps quick --json
                """,
                arguments -> new LabCommand(process).local(arguments)),
            LabServeCommand.command(process, configured)));
  }

  private int local(Arguments arguments)
      throws Arguments.UsageError, IOException, InterruptedException {
    LabRunOptions options = LabRunOptions.read(arguments);
    boolean inside = process.variable(LabNamespace.INSIDE).isPresent();
    try {
      return arguments.has("--isolate") && !inside
          ? new LabNamespace(process).runInside()
          : run(options, settings(options, inside));
    } catch (IOException e) {
      throw new CommandFailed(
          ExitStatus.UNAVAILABLE,
          String.valueOf(e.getMessage()),
          "--isolate makes a network of its own, in which every port is free; --ports 2525:8443"
              + " takes ports for which no privileges are needed");
    }
  }

  /** What was asked for. */
  private record LabRunOptions(
      List<Trap.TrapCase> trapCases,
      SenderProfile profile,
      Optional<String> exec,
      boolean json,
      Optional<String> junit,
      Optional<String> folder,
      int scale,
      Duration patience,
      Optional<GradeLetter> failBelow,
      int smtpPort,
      int httpsPort) {
    static LabRunOptions read(Arguments arguments) throws Arguments.UsageError {
      String traps = arguments.value("--traps").orElse("all");
      List<Trap.TrapCase> trapCases =
          Traps.chosen(traps)
              .orElseThrow(
                  () ->
                      new Arguments.UsageError(
                          "--traps takes quick, all, groups (e), traps (e3) and rows (d1s), not "
                              + traps));
      String profile = arguments.value("--profile").orElse("opportunistic");
      Optional<String> below = arguments.value("--fail-below");
      Optional<GradeLetter> letter = below.flatMap(GradeLetter::read);
      if (below.isPresent() && letter.isEmpty()) {
        throw new Arguments.UsageError("--fail-below takes a grade from A+ to F");
      }
      String ports = arguments.value("--ports").orElse("25:443");
      if (!ports.matches("[0-9]{1,5}:[0-9]{1,5}")) {
        throw new Arguments.UsageError("--ports takes two ports: 2525:8443");
      }
      int colon = ports.indexOf(':');
      int wait =
          arguments
              .number("--wait", MOST)
              .orElse(Math.toIntExact((arguments.has("--patient") ? PATIENT : WAIT).toSeconds()));
      return new LabRunOptions(
          trapCases,
          SenderProfile.read(profile)
              .orElseThrow(
                  () ->
                      new Arguments.UsageError(
                          "--profile takes opportunistic, strict or verified")),
          arguments.value("--exec"),
          arguments.has("--json"),
          arguments.value("--junit"),
          arguments.value("--folder"),
          arguments.number("--scale", MOST).orElse(LabSettings.SCALE),
          Duration.ofSeconds(wait),
          letter,
          Arguments.number("a port", ports.substring(0, colon), 65_535),
          Arguments.number("a port", ports.substring(colon + 1), 65_535));
    }
  }

  private static LabSettings settings(LabRunOptions options, boolean inside) {
    LabSettings settings =
        LabSettings.defaults()
            .withPorts(options.smtpPort(), options.httpsPort())
            .withScale(options.scale());
    return inside
        ? settings
            .with(AddressSource.namespace())
            .withDns(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 53))
        : settings;
  }

  private int run(LabRunOptions options, LabSettings settings)
      throws IOException, InterruptedException {
    Path folder =
        options.folder().isPresent()
            ? Files.createDirectories(process.path(options.folder().get()))
            : Files.createTempDirectory("sealwax-lab");
    long begun = clock.nanoTime();
    try (Lab lab = new Lab(settings, clock, RandomSource.secure());
        LabToken token = lab.issue(options.trapCases())) {
      lab.actValidating(true);
      SenderInstructions kit = new SenderInstructions(lab, token, folder);
      kit.write();
      if (!options.json()) {
        process.out().print(kit.text());
        long millis = Duration.ofNanos(clock.nanoTime() - begun).toMillis();
        process.out().println("ready after " + millis + " ms; waiting for the sender\n");
        process.out().flush();
      }
      Process sender = options.exec().isPresent() ? start(options.exec().get(), kit, folder) : null;
      try {
        watch(options, token, sender);
      } finally {
        if (sender != null) {
          sender.descendants().forEach(ProcessHandle::destroy);
          sender.destroy();
        }
      }
      SenderReport report =
          new SenderAssessment(options.profile(), true)
              .report(token.sightings(), ReverseLookups.of(resolver(lab), token.sightings()));
      return printReport(options, report, token);
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

  /** Prints what changes, until nothing is open or the time is up. */
  private void watch(
      LabRunOptions options, LabToken token, @org.jspecify.annotations.Nullable Process sender)
      throws InterruptedException {
    Instant end = clock.now().plus(options.patience());
    Instant changed = clock.now();
    Map<String, String> seen = new HashMap<>();
    while (clock.now().isBefore(end)) {
      SenderReport report =
          new SenderAssessment(options.profile(), false).report(token.sightings());
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
          if (!options.json()) {
            process.out().println(SenderReportText.row(finding));
          }
        }
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

  private int printReport(LabRunOptions options, SenderReport report, LabToken token)
      throws IOException {
    if (options.json()) {
      process.out().println(SenderReportText.json(report));
    } else {
      process.out().print(SenderReportText.summary(report));
      token
          .setupFailures()
          .forEach((label, why) -> process.out().println("not set up: " + label + ": " + why));
    }
    process.out().flush();
    if (options.junit().isPresent()) {
      Files.writeString(process.path(options.junit().get()), SenderReportText.junit(report));
    }
    boolean below =
        options.failBelow().isPresent()
            && report.grade().letter().compareTo(options.failBelow().get()) > 0;
    return below ? ExitStatus.WARNINGS : ExitStatus.OK;
  }
}

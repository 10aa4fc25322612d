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
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Letter;
import org.sealwax.assess.model.Outcome;
import org.sealwax.lab.judge.Profile;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.site.Addresses;
import org.sealwax.lab.site.Lab;
import org.sealwax.lab.site.LabSettings;
import org.sealwax.lab.site.Ticket;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Exit;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.LiveResolver;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;

/** {@code sealwax lab local}: the broken internet on this machine, for one sender. */
public final class LabCommand {
  /** How long a sender has, unless said: its second tries are within it. */
  private static final Duration WAIT = Duration.ofMinutes(3);

  /** How long it has with {@code --patient}: a bounce after some tries is within it. */
  private static final Duration PATIENT = Duration.ofMinutes(30);

  /** Nothing new for so long, and nothing open: the end. */
  private static final Duration QUIET = Duration.ofSeconds(8);

  private static final Duration LOOK = Duration.ofMillis(500);

  private final Surroundings around;
  private final Clock clock = Clock.system();

  public LabCommand(Surroundings around) {
    this.around = around;
  }

  /** The exit code. */
  public int run(Arguments arguments) throws Arguments.Misuse {
    if (arguments.operands().equals(List.of("serve"))) {
      return loopback(arguments);
    }
    if (!arguments.operands().equals(List.of("local"))) {
      throw new Arguments.Misuse("say: sealwax lab local, or sealwax lab serve");
    }
    Plan plan = Plan.read(arguments);
    boolean inside = around.variable(LabNamespace.INSIDE).isPresent();
    try {
      if (arguments.has("--isolate") && !inside) {
        return new LabNamespace(around).again();
      }
      return run(plan, settings(plan, inside));
    } catch (IOException e) {
      around.err().println("sealwax: " + e.getMessage());
      around
          .err()
          .println(
              "help: --isolate makes a network of its own, in which every port is free;"
                  + " --ports 2525:8443 takes ports for which no privileges are needed");
      return Exit.UNAVAILABLE;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Exit.SOFTWARE;
    }
  }

  private int loopback(Arguments arguments) {
    try {
      Optional<String> named = arguments.value("--folder");
      return new LabServeCommand(around)
          .loopback(
              named.isPresent()
                  ? around.path(named.get())
                  : Files.createTempDirectory("sealwax-lab"));
    } catch (IOException e) {
      around.err().println("sealwax: no folder for the lab: " + e.getMessage());
      return Exit.UNAVAILABLE;
    }
  }

  /** What was asked for. */
  private record Plan(
      List<Trap.Case> rows,
      Profile profile,
      Optional<String> exec,
      boolean json,
      Optional<String> junit,
      Optional<String> folder,
      int scale,
      Duration patience,
      Optional<Letter> failBelow,
      int smtpPort,
      int httpsPort) {
    static Plan read(Arguments arguments) throws Arguments.Misuse {
      String traps = arguments.value("--traps").orElse("all");
      List<Trap.Case> rows =
          Traps.chosen(traps)
              .orElseThrow(
                  () ->
                      new Arguments.Misuse(
                          "--traps takes quick, all, groups (e), traps (e3) and rows (d1s), not "
                              + traps));
      String profile = arguments.value("--profile").orElse("opportunistic");
      Optional<String> below = arguments.value("--fail-below");
      Optional<Letter> letter = below.flatMap(Letter::read);
      if (below.isPresent() && letter.isEmpty()) {
        throw new Arguments.Misuse("--fail-below takes a grade from A+ to F");
      }
      String ports = arguments.value("--ports").orElse("25:443");
      if (!ports.matches("[0-9]{1,5}:[0-9]{1,5}")) {
        throw new Arguments.Misuse("--ports takes two ports: 2525:8443");
      }
      int colon = ports.indexOf(':');
      int wait =
          number(
              arguments,
              "--wait",
              Math.toIntExact((arguments.has("--patient") ? PATIENT : WAIT).toSeconds()));
      return new Plan(
          rows,
          Profile.read(profile)
              .orElseThrow(
                  () -> new Arguments.Misuse("--profile takes opportunistic, strict or verified")),
          arguments.value("--exec"),
          arguments.has("--json"),
          arguments.value("--junit"),
          arguments.value("--folder"),
          number(arguments, "--scale", LabSettings.SCALE),
          Duration.ofSeconds(wait),
          letter,
          port(ports.substring(0, colon)),
          port(ports.substring(colon + 1)));
    }

    private static int port(String text) throws Arguments.Misuse {
      int port = Integer.parseInt(text);
      if (port < 1 || port > 65_535) {
        throw new Arguments.Misuse("a port is 1 to 65535");
      }
      return port;
    }

    private static int number(Arguments arguments, String option, int otherwise)
        throws Arguments.Misuse {
      String text = arguments.value(option).orElse("" + otherwise);
      if (!text.matches("[1-9][0-9]{0,5}")) {
        throw new Arguments.Misuse(option + " takes a number from 1 on");
      }
      return Integer.parseInt(text);
    }
  }

  private static LabSettings settings(Plan plan, boolean inside) {
    LabSettings settings =
        LabSettings.defaults().withPorts(plan.smtpPort(), plan.httpsPort()).withScale(plan.scale());
    return inside
        ? settings
            .with(Addresses.namespace())
            .withDns(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 53))
        : settings;
  }

  private int run(Plan plan, LabSettings settings) throws IOException, InterruptedException {
    Path folder =
        plan.folder().isPresent()
            ? Files.createDirectories(around.path(plan.folder().get()))
            : Files.createTempDirectory("sealwax-lab");
    long begun = clock.nanoTime();
    try (Lab lab = new Lab(settings, clock, Chance.secure());
        Ticket ticket = lab.issue(plan.rows())) {
      lab.actValidating(true);
      LabKit kit = new LabKit(lab, ticket, folder);
      kit.write();
      if (!plan.json()) {
        around.out().print(kit.text());
        long millis = Duration.ofNanos(clock.nanoTime() - begun).toMillis();
        around.out().println("ready after " + millis + " ms; waiting for the sender\n");
        around.out().flush();
      }
      Process sender = plan.exec().isPresent() ? start(plan.exec().get(), kit, folder) : null;
      try {
        watch(plan, ticket, sender);
      } finally {
        if (sender != null) {
          sender.descendants().forEach(ProcessHandle::destroy);
          sender.destroy();
        }
      }
      SenderReport report =
          new SenderAssessment(plan.profile(), true)
              .report(ticket.sightings(), Callers.of(resolver(lab), ticket.sightings()));
      return told(plan, report, ticket);
    }
  }

  private Resolver resolver(Lab lab) {
    return new LiveResolver(
        DnsSettings.defaults().withResolvers(List.of(lab.resolver())).withAnchors(lab.anchors()),
        clock,
        Chance.secure());
  }

  private Process start(String command, LabKit kit, Path folder) throws IOException {
    ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", command);
    builder.environment().putAll(kit.variables());
    // Its words must not mix with ours: --json is for programs.
    builder.redirectErrorStream(true);
    builder.redirectOutput(folder.resolve("exec.log").toFile());
    return builder.start();
  }

  /** Prints what changes, until nothing is open or the time is up. */
  private void watch(Plan plan, Ticket ticket, @org.jspecify.annotations.Nullable Process sender)
      throws InterruptedException {
    Instant end = clock.now().plus(plan.patience());
    Instant changed = clock.now();
    Map<String, String> seen = new HashMap<>();
    while (clock.now().isBefore(end)) {
      SenderReport report = new SenderAssessment(plan.profile(), false).report(ticket.sightings());
      boolean open = !report.waiting().isEmpty();
      for (Finding finding : report.findings()) {
        // Once a sender has shown that it reports soon, its other reports are waited for.
        open |=
            finding.check().id().equals("sender.tlsrpt")
                && finding.outcome() == Outcome.INCONCLUSIVE;
        if (!finding.check().id().startsWith("lab.") || !finding.outcome().known()) {
          continue;
        }
        String verdict = finding.outcome() + finding.aspect();
        if (!verdict.equals(seen.put(finding.check().id(), verdict))) {
          changed = clock.now();
          if (!plan.json()) {
            around.out().println(LabText.row(finding));
          }
        }
      }
      around.out().flush();
      boolean quiet = clock.now().isAfter(changed.plus(QUIET));
      if (!open && quiet && !seen.isEmpty()) {
        return;
      }
      if (sender != null && !sender.isAlive() && sender.exitValue() != 0 && seen.isEmpty()) {
        around.err().println("sealwax: the command of --exec ended with " + sender.exitValue());
        return;
      }
      Thread.sleep(LOOK);
    }
  }

  private int told(Plan plan, SenderReport report, Ticket ticket) throws IOException {
    if (plan.json()) {
      around.out().println(LabText.json(report));
    } else {
      around.out().print(LabText.summary(report));
      ticket
          .troubles()
          .forEach((label, why) -> around.out().println("not set up: " + label + ": " + why));
    }
    around.out().flush();
    if (plan.junit().isPresent()) {
      Files.writeString(around.path(plan.junit().get()), LabText.junit(report));
    }
    boolean below =
        plan.failBelow().isPresent()
            && report.grade().letter().compareTo(plan.failBelow().get()) > 0;
    return below ? Exit.WARNINGS : Exit.OK;
  }
}

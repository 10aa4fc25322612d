package org.sealwax.router.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.dns.live.ResolverCheck;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.ConfigurationProblem;
import org.sealwax.router.config.EffectiveSetting;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.wiring.ConfiguredFilesCheck;
import org.sealwax.router.wiring.HostedPoliciesCheck;
import org.sealwax.router.wiring.MachineCheck;
import org.sealwax.router.wiring.MemoryPlan;

/** {@code sealwax check}: reads the configuration and prints what is wrong and what is in force. */
public final class CheckCommand {
  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  public CheckCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code check}. */
  public Command command() {
    return Command.of(
        """
        sealwax check
        check the configuration and print the effective settings

        Prints every error and warning with line, column and help, then the effective settings
        with their origin. Reads every file that the configuration names, and tests the state
        folder, the permission to listen, and the program of each pipe for the user that runs
        it. Checks whether each DNS resolver returns answers that validate: it is queried for the
        keys of the root and for a top-level name that does not exist. Prints in which order the
        records of [[mta_sts_host]] domains are to change, and warns of an MX host that the policy
        does not list, or not for long enough. Exit code 0: no problems;
        1: warnings; 2: errors.

        --quiet             print errors and warnings only
        --offline           ask no resolver

        $ sealwax check --config new.toml --quiet
        """,
        this::run);
  }

  private int run(Arguments arguments) {
    Optional<Path> file = configuration.file(arguments);
    boolean quiet = arguments.has("--quiet");
    Optional<Configuration.ValidConfiguration> valid = errorFree(process, configuration, file);
    if (valid.isEmpty()) {
      return ExitStatus.ERRORS;
    }
    if (!quiet) {
      settings(valid.get(), file);
    }
    List<ConfiguredFilesCheck.FileProblem> problems = fileProblems(process, valid.get());
    if (problems.stream().anyMatch(ConfiguredFilesCheck.FileProblem::error)) {
      return ExitStatus.ERRORS;
    }
    RouterSettings settings = valid.get().settings();
    List<ConfiguredFilesCheck.FileProblem> machine =
        MachineCheck.of(settings, isRunning(settings.server().state()));
    machine.forEach(problem -> process.err().println("sealwax: " + problem));
    boolean good = true;
    if (!arguments.has("--offline")) {
      good = resolvers(valid.get(), quiet);
      good &= hostedPolicies(settings, quiet);
    }
    return good && valid.get().problems().isEmpty() && problems.isEmpty() && machine.isEmpty()
        ? ExitStatus.OK
        : ExitStatus.WARNINGS;
  }

  /** Whether a router runs with this state folder, as far as this user can see. */
  private static boolean isRunning(Path state) {
    try (ControlClient _ = ControlClient.open(state)) {
      return true;
    } catch (ControlClient.ServerNotRunning e) {
      return false;
    } catch (IOException e) {
      return true; // its socket is not for this user
    }
  }

  /** Prints and returns what is wrong with the files that the configuration names. */
  static List<ConfiguredFilesCheck.FileProblem> fileProblems(
      ProcessEnvironment process, Configuration.ValidConfiguration valid) {
    List<ConfiguredFilesCheck.FileProblem> problems =
        ConfiguredFilesCheck.of(valid.settings(), Clock.system());
    problems.forEach(problem -> process.err().println("sealwax: " + problem));
    return problems;
  }

  /** Reads a file and prints what is wrong with it; empty when it has errors. */
  static Optional<Configuration.ValidConfiguration> errorFree(
      ProcessEnvironment process, ConfigurationSource configuration, Optional<Path> file) {
    Configuration read;
    try {
      read = configuration.read(file.orElse(null));
    } catch (CommandFailed e) {
      process.err().println("sealwax: " + e.getMessage());
      return Optional.empty();
    }
    process.err().print(read.report());
    if (read instanceof Configuration.ValidConfiguration valid) {
      return Optional.of(valid);
    }
    long errors = read.problems().stream().filter(ConfigurationProblem::error).count();
    process.err().println("sealwax: " + CountText.of(errors, "error"));
    return Optional.empty();
  }

  /** Whether no resolver defers mail. */
  private boolean resolvers(Configuration.ValidConfiguration sound, boolean quiet) {
    boolean good = true;
    try {
      CachingResolver resolver =
          new CachingResolver(sound.settings().dns(), Clock.system(), RandomSource.secure());
      for (ResolverCheck check : resolver.checkResolvers()) {
        good &= !check.isProblem();
        if (!quiet || check.isProblem()) {
          process
              .err()
              .println("sealwax: " + (check.isProblem() ? "warning" : "note") + ": [dns] " + check);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return good;
  }

  /** Whether no sender may fail to deliver because of a policy that this server offers. */
  private boolean hostedPolicies(RouterSettings settings, boolean quiet) {
    List<HostedPoliciesCheck.HostedFinding> findings =
        new HostedPoliciesCheck(
                settings,
                new CachingResolver(settings.dns(), Clock.system(), RandomSource.secure()),
                Clock.system())
            .findings();
    findings.stream()
        .filter(finding -> finding.isWarning() || !quiet)
        .forEach(finding -> process.err().println("sealwax: " + finding));
    return findings.stream().noneMatch(HostedPoliciesCheck.HostedFinding::isWarning);
  }

  private void settings(Configuration.ValidConfiguration sound, Optional<Path> file) {
    PrintStream out = process.out();
    out.println(
        file.map(f -> "# read from " + f)
            .orElseGet(
                () ->
                    "# no configuration file; it would be read from "
                        + configuration.paths().configurations().stream()
                            .map(Path::toString)
                            .collect(Collectors.joining(" or "))));
    out.println("# state in " + sound.settings().server().state());
    out.println("# " + MemoryPlan.of(sound.settings()).text());
    if (sound.settings().server().postmaster().isEmpty()) {
      out.println("# " + ConfiguredFilesCheck.NO_POSTMASTER);
    }
    ConfiguredFilesCheck.srsDomainAdvice(sound.settings().forward())
        .ifPresent(advice -> out.println("# " + advice));
    List<EffectiveSetting> all = sound.effective();
    for (int i = 0; i < all.size(); i++) {
      EffectiveSetting e = all.get(i);
      boolean head =
          i == 0
              || !all.get(i - 1).table().equals(e.table())
              || all.get(i - 1).rowNumber() != e.rowNumber();
      if (head) {
        out.println();
        out.println(e.table());
      }
      String left = (e.value().isEmpty() ? "# " + e.key() : e.key() + " = " + e.value()) + " ";
      out.println(left + " ".repeat(Math.max(0, 48 - left.length())) + "# " + e.origin());
    }
  }
}

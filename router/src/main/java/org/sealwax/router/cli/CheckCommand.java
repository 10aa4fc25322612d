package org.sealwax.router.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.cli.DefaultPaths;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.dns.live.ResolverCheck;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.EffectiveSetting;
import org.sealwax.router.wiring.ConfiguredFilesCheck;
import org.sealwax.router.wiring.MemoryPlan;

/** Prints what {@code sealwax check} found. */
public final class CheckCommand {
  private final ProcessEnvironment process;
  private final DefaultPaths folders;

  public CheckCommand(ProcessEnvironment around, DefaultPaths folders) {
    this.process = around;
    this.folders = folders;
  }

  /** As help and the manual show it. */
  public static Subcommand subcommand() {
    return new Subcommand(
        "check",
        "",
        "check the configuration and print what is in force",
        "Prints every mistake with line, column and help, then the effective settings with"
            + " their origin, and checks whether each DNS resolver returns answers that"
            + " validate: it is asked for the keys of the root and for a top-level name that"
            + " does not exist. Exit code 0: fine; 1: warnings; 2: errors.",
        List.of(
            new Subcommand.Option("--quiet", null, "print errors and warnings only"),
            new Subcommand.Option("--offline", null, "ask no resolver")),
        false);
  }

  /**
   * @param ask whether the resolvers are checked
   */
  public int print(Configuration configuration, Optional<Path> file, boolean quiet, boolean ask) {
    process.err().print(configuration.report());
    return switch (configuration) {
      case Configuration.InvalidConfiguration b -> {
        long errors = b.problems().stream().filter(c -> c.error()).count();
        process.err().println("sealwax: " + errors + (errors == 1 ? " error" : " errors"));
        yield ExitStatus.ERRORS;
      }
      case Configuration.ValidConfiguration s -> {
        if (!quiet) {
          settings(s, file);
        }
        List<ConfiguredFilesCheck.FileProblem> findings =
            ConfiguredFilesCheck.of(s.settings(), Clock.system());
        findings.forEach(f -> process.err().println("sealwax: " + f));
        if (findings.stream().anyMatch(ConfiguredFilesCheck.FileProblem::error)) {
          yield ExitStatus.ERRORS;
        }
        boolean good = !ask || resolvers(s, quiet);
        yield good && s.problems().isEmpty() && findings.isEmpty()
            ? ExitStatus.OK
            : ExitStatus.WARNINGS;
      }
    };
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

  private void settings(Configuration.ValidConfiguration sound, Optional<Path> file) {
    PrintStream out = process.out();
    out.println(
        file.map(f -> "# read from " + f)
            .orElseGet(() -> "# no configuration; would be read from " + folders.configurations()));
    out.println("# state in " + sound.settings().server().state());
    out.println("# " + MemoryPlan.of(sound.settings()).text());
    if (sound.settings().server().postmaster().isEmpty()) {
      out.println("# " + ConfiguredFilesCheck.NO_POSTMASTER);
    }
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

package org.sealwax.router.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.cli.Exit;
import org.sealwax.mail.cli.Folders;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.mail.dns.live.LiveResolver;
import org.sealwax.mail.dns.live.ResolverCheck;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.Effective;
import org.sealwax.router.wiring.Inspection;
import org.sealwax.router.wiring.MemoryPlan;

/** Prints what {@code sealwax check} found. */
public final class Check {
  private final Surroundings around;
  private final Folders folders;

  public Check(Surroundings around, Folders folders) {
    this.around = around;
    this.folders = folders;
  }

  /**
   * @param ask whether the resolvers are checked
   */
  public int print(Configuration configuration, Optional<Path> file, boolean quiet, boolean ask) {
    around.err().print(configuration.report());
    return switch (configuration) {
      case Configuration.Broken b -> {
        long errors = b.complaints().stream().filter(c -> c.error()).count();
        around.err().println("sealwax: " + errors + (errors == 1 ? " error" : " errors"));
        yield Exit.ERRORS;
      }
      case Configuration.Sound s -> {
        if (!quiet) {
          settings(s, file);
        }
        List<Inspection.Finding> findings = Inspection.of(s.settings(), Clock.system());
        findings.forEach(f -> around.err().println("sealwax: " + f));
        if (findings.stream().anyMatch(Inspection.Finding::error)) {
          yield Exit.ERRORS;
        }
        boolean good = !ask || resolvers(s, quiet);
        yield good && s.complaints().isEmpty() && findings.isEmpty() ? Exit.OK : Exit.WARNINGS;
      }
    };
  }

  /** Whether no resolver defers mail. */
  private boolean resolvers(Configuration.Sound sound, boolean quiet) {
    boolean good = true;
    try {
      LiveResolver resolver =
          new LiveResolver(sound.settings().dns(), Clock.system(), Chance.secure());
      for (ResolverCheck check : resolver.checkResolvers()) {
        good &= !check.isTrouble();
        if (!quiet || check.isTrouble()) {
          around
              .err()
              .println("sealwax: " + (check.isTrouble() ? "warning" : "note") + ": [dns] " + check);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return good;
  }

  private void settings(Configuration.Sound sound, Optional<Path> file) {
    PrintStream out = around.out();
    out.println(
        file.map(f -> "# read from " + f)
            .orElseGet(() -> "# no configuration; would be read from " + folders.configurations()));
    out.println("# state in " + sound.settings().server().state());
    out.println("# " + MemoryPlan.of(sound.settings()).text());
    if (sound.settings().server().postmaster().isEmpty()) {
      out.println("# " + Inspection.NO_POSTMASTER);
    }
    List<Effective> all = sound.effective();
    for (int i = 0; i < all.size(); i++) {
      Effective e = all.get(i);
      boolean head =
          i == 0 || !all.get(i - 1).table().equals(e.table()) || all.get(i - 1).row() != e.row();
      if (head) {
        out.println();
        out.println(e.table());
      }
      String left = (e.value().isEmpty() ? "# " + e.key() : e.key() + " = " + e.value()) + " ";
      out.println(left + " ".repeat(Math.max(0, 48 - left.length())) + "# " + e.origin());
    }
  }
}

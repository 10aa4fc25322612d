package org.sealwax.app;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.sealwax.config.Configuration;

/** Finds the subcommand, reads its arguments and the configuration, and runs it. */
final class CommandLine {
  private final Surroundings around;
  private final Folders folders;

  CommandLine(Surroundings around) {
    this.around = around;
    this.folders = new Folders(around);
  }

  /** The exit code. */
  int run(String... args) {
    List<String> words = Arrays.asList(args);
    if (words.isEmpty()) {
      around.err().print(Help.overview());
      return Exit.USAGE;
    }
    String first =
        switch (words.getFirst()) {
          case "--version", "-V" -> "version";
          case "--help", "-h" -> "help";
          default -> words.getFirst();
        };
    Optional<Subcommand> found =
        Subcommand.all().stream().filter(c -> c.name().equals(first)).findFirst();
    if (found.isEmpty()) {
      around.err().println("sealwax: no command " + first + "; sealwax help lists them");
      return Exit.USAGE;
    }
    Subcommand command = found.get();
    List<String> rest = words.subList(1, words.size());
    try {
      return run(command, rest);
    } catch (Arguments.Misuse e) {
      around.err().println("sealwax: " + e.getMessage());
      around.err().println("help: sealwax help " + command.name());
      return Exit.USAGE;
    }
  }

  private int run(Subcommand command, List<String> words) throws Arguments.Misuse {
    Arguments arguments = Arguments.read(command, words);
    if (arguments.has("--help")) {
      around.out().print(Help.of(command));
      return Exit.OK;
    }
    return switch (command.name()) {
      case "version" -> {
        around.out().println("sealwax " + Version.text());
        yield Exit.OK;
      }
      case "help" -> help(arguments);
      case "check" -> check(arguments);
      default -> throw new IllegalStateException(command.name());
    };
  }

  private int help(Arguments arguments) throws Arguments.Misuse {
    if (arguments.operands().isEmpty()) {
      around.out().print(Help.overview());
      return Exit.OK;
    }
    String name = arguments.operands().getFirst();
    Subcommand command =
        Subcommand.all().stream()
            .filter(c -> c.name().equals(name) && !c.hidden())
            .findFirst()
            .orElseThrow(() -> new Arguments.Misuse("no command " + name));
    around.out().print(Help.of(command));
    return Exit.OK;
  }

  private int check(Arguments arguments) {
    Optional<Path> file = folders.configuration(arguments);
    Configuration configuration;
    try {
      configuration = Configuration.read(file.orElse(null));
    } catch (NoSuchFileException e) {
      around.err().println("sealwax: there is no " + e.getMessage());
      return Exit.ERRORS;
    } catch (IOException e) {
      around.err().println("sealwax: cannot read the configuration: " + e.getMessage());
      return Exit.ERRORS;
    }
    return new Check(around, folders).print(configuration, file, arguments.has("--quiet"));
  }
}

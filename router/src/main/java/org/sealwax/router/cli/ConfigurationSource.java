package org.sealwax.router.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.DefaultPaths;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.ServerSettings;
import org.sealwax.router.control.ControlClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a command needs of the configuration: all of it, or only the running server's state. */
public final class ConfigurationSource {
  private final ProcessEnvironment process;
  private final DefaultPaths paths;

  public ConfigurationSource(ProcessEnvironment process) {
    this.process = process;
    this.paths = new DefaultPaths(process);
  }

  /** The defaults of this machine. */
  public DefaultPaths paths() {
    return paths;
  }

  /** The file of {@code --config}, of {@code SEALWAX_CONFIG}, or the first that exists. */
  Optional<Path> file(Arguments arguments) {
    return paths.configuration(arguments);
  }

  /**
   * Reads a file.
   *
   * @param file null for no file: every key has its default
   * @throws CommandFailed when it cannot be read at all
   */
  Configuration read(@Nullable Path file) throws CommandFailed {
    try {
      return Configuration.read(file, paths.machine());
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static CommandFailed unreadable(IOException e) {
    return new CommandFailed(
        ExitStatus.CONFIGURATION, "cannot read the configuration: " + FailureText.of(e));
  }

  /**
   * The configuration, all in order.
   *
   * @throws CommandFailed when it has errors, which are printed
   */
  public Configuration.ValidConfiguration valid(Arguments arguments) throws CommandFailed {
    return switch (read(file(arguments).orElse(null))) {
      case Configuration.ValidConfiguration valid -> valid;
      case Configuration.InvalidConfiguration invalid -> {
        process.err().print(invalid.report());
        throw new CommandFailed(ExitStatus.CONFIGURATION, "the configuration has errors");
      }
    };
  }

  /**
   * The table {@code [server]}: the rest may have errors, and the files that it names may be those
   * of another user.
   */
  ServerSettings server(Arguments arguments) throws CommandFailed {
    try {
      return Configuration.server(file(arguments).orElse(null), paths.machine());
    } catch (Configuration.InvalidServerTable e) {
      process.err().print(e.report());
      throw new CommandFailed(
          ExitStatus.CONFIGURATION, FailureText.of(e) + ", so the state folder is not known");
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** The state folder, where [server] is in order. */
  public Path state(Arguments arguments) throws CommandFailed {
    return server(arguments).state();
  }

  /** Connects to the running server of the state folder. */
  ControlClient connect(Arguments arguments) throws IOException {
    return ControlClient.open(state(arguments));
  }

  /** Prints an answer for people. */
  @FunctionalInterface
  interface AnswerPrinter {
    void print(JsonNode answer) throws IOException;
  }

  /**
   * Asks the running server of the state folder one thing, and prints its answer.
   *
   * @param text prints it for people, where no JSON is asked for
   * @return the exit code
   */
  int show(Arguments arguments, ObjectNode request, AnswerPrinter text) throws IOException {
    print(arguments, ask(arguments, request), text);
    return ExitStatus.OK;
  }

  /** Prints an answer as JSON where that is asked for, and for people otherwise. */
  void print(Arguments arguments, JsonNode answer, AnswerPrinter text) throws IOException {
    if (arguments.has("--json")) {
      process.out().println(Json.indented(answer));
    } else {
      text.print(answer);
    }
  }

  /** Asks the running server of the state folder one thing. */
  JsonNode ask(Arguments arguments, ObjectNode request) throws IOException {
    try (ControlClient client = connect(arguments)) {
      return client.ask(request);
    }
  }
}

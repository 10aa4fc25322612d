package org.sealwax.app;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.cli.AssessCommand;
import org.sealwax.assess.cli.ExplainCodeCommand;
import org.sealwax.assess.cli.SurveyCommand;
import org.sealwax.lab.cli.LabCommand;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Exit;
import org.sealwax.mail.cli.Folders;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.cli.Check;
import org.sealwax.router.cli.ExplainCommand;
import org.sealwax.router.cli.PolicyCommand;
import org.sealwax.router.cli.PolicydCommand;
import org.sealwax.router.cli.QueueCommand;
import org.sealwax.router.cli.ReceiptsCommand;
import org.sealwax.router.cli.Sendmail;
import org.sealwax.router.cli.SendmailArguments;
import org.sealwax.router.cli.ServeCommand;
import org.sealwax.router.cli.TlsRptCommand;
import org.sealwax.router.cli.WhatIfCommand;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.Settings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer;
import org.sealwax.router.receive.auth.PasswordFile;
import org.sealwax.router.wiring.Archives;
import org.sealwax.router.wiring.ReportsIn;
import org.sealwax.router.wiring.Restore;

/** Finds the subcommand, reads its arguments and the configuration, and runs it. */
public final class CommandLine {
  private final Surroundings around;
  private final Folders folders;

  public CommandLine(Surroundings around) {
    this.around = around;
    this.folders = new Folders(around);
  }

  /** The exit code. */
  public int run(String... args) {
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
        Subcommands.all().stream().filter(c -> c.name().equals(first)).findFirst();
    if (found.isEmpty()) {
      around.err().println("sealwax: no command " + first + "; sealwax help lists them");
      return Exit.USAGE;
    }
    Subcommand command = found.get();
    List<String> rest = words.subList(1, words.size());
    try {
      return command.name().equals("sendmail") ? sendmail(rest) : run(command, rest);
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
      case "password" -> password(arguments);
      case "demo" -> new DemoCommand(around, folders).run(arguments);
      case "lab" ->
          arguments.operands().equals(List.of("serve")) && !arguments.has("--loopback")
              ? configured(command, arguments)
              : new LabCommand(around).run(arguments);
      case "assess" -> new AssessCommand(around, folders).run(arguments);
      case "survey" -> new SurveyCommand(around, folders).run(arguments);
      case "explain" ->
          ExplainCommand.isAboutDelivery(arguments)
              ? configured(command, arguments)
              : new ExplainCodeCommand(around).run(arguments);
      default -> configured(command, arguments);
    };
  }

  /** What needs a configuration in order. */
  private int configured(Subcommand command, Arguments arguments) throws Arguments.Misuse {
    Optional<Path> file = folders.configuration(arguments);
    Configuration configuration;
    try {
      configuration = Configuration.read(file.orElse(null), folders.machine());
    } catch (NoSuchFileException e) {
      around.err().println("sealwax: there is no " + e.getMessage());
      return Exit.CONFIGURATION;
    } catch (IOException e) {
      around.err().println("sealwax: cannot read the configuration: " + e.getMessage());
      return Exit.CONFIGURATION;
    }
    return switch (configuration) {
      case Configuration.Broken b -> {
        around.err().print(b.report());
        String then =
            command.name().equals("reload") && reachesServer(b.state())
                ? ServeCommand.KEPT
                : "nothing was started";
        around.err().println("sealwax: the configuration has errors; " + then);
        yield Exit.CONFIGURATION;
      }
      case Configuration.Sound s -> configured(command, arguments, file, s);
    };
  }

  private int configured(
      Subcommand command, Arguments arguments, Optional<Path> file, Configuration.Sound sound)
      throws Arguments.Misuse {
    Path state = sound.settings().server().state();
    try {
      return switch (command.name()) {
        case "serve" -> new ServeCommand(around, folders).run(file, sound);
        case "policyd" -> new PolicydCommand(around, folders).run(file, sound, arguments);
        case "lab" -> ConfiguredLab.serve(around, sound.settings());
        case "rehearse" -> new Rehearsal(around, folders).run();
        case "queue" -> new QueueCommand(around, state).queue(arguments);
        case "trace" -> new QueueCommand(around, state).trace(arguments);
        case "policy" -> new PolicyCommand(around, state).run(arguments);
        case "receipts" -> new ReceiptsCommand(around, Archives.receiptsIn(state)).run(arguments);
        case "tlsrpt" ->
            new TlsRptCommand(around, ReportsIn.shelfIn(state))
                .run(arguments, Clock.system().now());
        case "explain" ->
            arguments.has("--what-if")
                ? new WhatIfCommand(around, folders.machine()).run(arguments, sound.settings())
                : new ExplainCommand(around).delivery(arguments, sound.settings());
        case "reload" -> reload(state);
        case "backup" -> backup(state, arguments);
        case "restore" -> restore(sound.settings(), arguments);
        default -> throw new IllegalStateException(command.name());
      };
    } catch (ControlServer.Refusal e) {
      around.err().println("sealwax: " + e.getMessage());
      return Exit.WARNINGS;
    } catch (ControlClient.NotRunning e) {
      around.err().println("sealwax: " + e.getMessage());
      around.err().println("help: sealwax serve starts one; --config says which");
      return Exit.UNAVAILABLE;
    } catch (IOException e) {
      around.err().println("sealwax: " + e.getMessage());
      return Exit.SYSTEM;
    }
  }

  /** Has a server read its configuration, so that its log says, too, that it cannot be used. */
  private static boolean reachesServer(@Nullable Path state) {
    if (state == null) {
      return false;
    }
    try (ControlClient client = ControlClient.open(state)) {
      var _ = client.ask(ControlClient.request("reload"));
      return true;
    } catch (ControlServer.Refusal e) {
      return true; // printed already: it read the same file
    } catch (IOException e) {
      return false;
    }
  }

  private int reload(Path state) throws IOException, ControlServer.Refusal {
    try (ControlClient client = ControlClient.open(state)) {
      around.out().println(client.ask(ControlClient.request("reload")).path("text").asString(""));
      return Exit.OK;
    }
  }

  private String folder(Arguments arguments) throws Arguments.Misuse {
    if (arguments.operands().size() != 1) {
      throw new Arguments.Misuse("name one folder");
    }
    return around.path(arguments.operands().getFirst()).toString();
  }

  private int backup(Path state, Arguments arguments)
      throws Arguments.Misuse, IOException, ControlServer.Refusal {
    String folder = folder(arguments);
    try (ControlClient client = ControlClient.open(state)) {
      client.ask(ControlClient.request("backup").put("folder", folder));
      around.out().println("the spool was copied to " + folder);
      return Exit.OK;
    }
  }

  private int restore(Settings settings, Arguments arguments) throws Arguments.Misuse, IOException {
    Path folder = Path.of(folder(arguments));
    Restore.run(folder, settings.server().state(), settings.spool().folder());
    around.out().println("the spool was restored from " + folder + "; sealwax serve delivers it");
    return Exit.OK;
  }

  private int password(Arguments arguments) throws Arguments.Misuse {
    if (arguments.operands().size() != 1) {
      throw new Arguments.Misuse("name one user");
    }
    try {
      String password =
          new BufferedReader(new InputStreamReader(around.in(), StandardCharsets.UTF_8)).readLine();
      around
          .out()
          .println(
              PasswordFile.line(
                  arguments.operands().getFirst(),
                  password == null ? "" : password,
                  Chance.secure()));
      return Exit.OK;
    } catch (IOException | IllegalArgumentException e) {
      around.err().println("sealwax: " + e.getMessage());
      return Exit.DATA;
    }
  }

  private int sendmail(List<String> words) throws Arguments.Misuse {
    SendmailArguments arguments = SendmailArguments.read(words);
    String config = arguments.configuration();
    Arguments found =
        new Arguments(config == null ? Map.of() : Map.of("--config", config), List.of());
    if (arguments.mode() == SendmailArguments.Mode.NOTHING) {
      return Exit.OK;
    }
    Optional<Path> file = folders.configuration(found);
    try {
      return switch (Configuration.read(file.orElse(null), folders.machine())) {
        case Configuration.Broken b -> {
          around.err().println("sendmail: the configuration of Sealwax has errors: sealwax check");
          // Not the caller's fault, and mended soon: the mail must not be lost over it.
          yield Exit.TRY_AGAIN;
        }
        case Configuration.Sound s -> {
          Path state = s.settings().server().state();
          if (arguments.mode() == SendmailArguments.Mode.QUEUE) {
            yield new QueueCommand(around, state).queue(new Arguments(Map.of(), List.of()));
          }
          yield new Sendmail(around, Clock.system(), Chance.secure())
              .run(arguments, state, s.settings().server().hostname());
        }
      };
    } catch (ControlServer.Refusal | IOException e) {
      around.err().println("sendmail: " + e.getMessage());
      return Exit.TRY_AGAIN;
    }
  }

  private int help(Arguments arguments) throws Arguments.Misuse {
    if (arguments.operands().isEmpty()) {
      around.out().print(Help.overview());
      return Exit.OK;
    }
    String name = arguments.operands().getFirst();
    Subcommand command =
        Subcommands.all().stream()
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
      configuration = Configuration.read(file.orElse(null), folders.machine());
    } catch (NoSuchFileException e) {
      around.err().println("sealwax: there is no " + e.getMessage());
      return Exit.ERRORS;
    } catch (IOException e) {
      around.err().println("sealwax: cannot read the configuration: " + e.getMessage());
      return Exit.ERRORS;
    }
    return new Check(around, folders)
        .print(configuration, file, arguments.has("--quiet"), !arguments.has("--offline"));
  }
}

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
import org.sealwax.mail.cli.DefaultPaths;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.cli.CheckCommand;
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
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer;
import org.sealwax.router.receive.auth.PasswordFile;
import org.sealwax.router.spool.SpoolRestore;
import org.sealwax.router.wiring.DomainStores;
import org.sealwax.router.wiring.IncomingTlsReports;

/** Finds the subcommand, reads its arguments and the configuration, and runs it. */
public final class CommandLine {
  private final ProcessEnvironment process;
  private final DefaultPaths paths;

  public CommandLine(ProcessEnvironment around) {
    this.process = around;
    this.paths = new DefaultPaths(around);
  }

  /** The exit code. */
  public int run(String... args) {
    List<String> words = Arrays.asList(args);
    if (words.isEmpty()) {
      process.err().print(HelpText.overview());
      return ExitStatus.USAGE;
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
      process.err().println("sealwax: no command " + first + "; sealwax help lists them");
      return ExitStatus.USAGE;
    }
    Subcommand command = found.get();
    List<String> rest = words.subList(1, words.size());
    try {
      return command.name().equals("sendmail") ? sendmail(rest) : run(command, rest);
    } catch (Arguments.UsageError e) {
      process.err().println("sealwax: " + e.getMessage());
      process.err().println("help: sealwax help " + command.name());
      return ExitStatus.USAGE;
    }
  }

  private int run(Subcommand command, List<String> words) throws Arguments.UsageError {
    Arguments arguments = Arguments.read(command, words);
    if (arguments.has("--help")) {
      process.out().print(HelpText.of(command));
      return ExitStatus.OK;
    }
    return switch (command.name()) {
      case "version" -> {
        process.out().println("sealwax " + Version.text());
        yield ExitStatus.OK;
      }
      case "help" -> help(arguments);
      case "check" -> check(arguments);
      case "password" -> password(arguments);
      case "demo" -> new DemoCommand(process, paths).run(arguments);
      case "lab" ->
          arguments.operands().equals(List.of("serve")) && !arguments.has("--loopback")
              ? configured(command, arguments)
              : new LabCommand(process).run(arguments);
      case "assess" -> new AssessCommand(process, paths).run(arguments);
      case "survey" -> new SurveyCommand(process, paths).run(arguments);
      case "explain" ->
          ExplainCommand.isAboutDelivery(arguments)
              ? configured(command, arguments)
              : new ExplainCodeCommand(process).run(arguments);
      default -> configured(command, arguments);
    };
  }

  /** What needs a configuration in order. */
  private int configured(Subcommand command, Arguments arguments) throws Arguments.UsageError {
    Optional<Path> file = paths.configuration(arguments);
    Configuration configuration;
    try {
      configuration = Configuration.read(file.orElse(null), paths.machine());
    } catch (NoSuchFileException e) {
      process.err().println("sealwax: there is no " + e.getMessage());
      return ExitStatus.CONFIGURATION;
    } catch (IOException e) {
      process.err().println("sealwax: cannot read the configuration: " + e.getMessage());
      return ExitStatus.CONFIGURATION;
    }
    return switch (configuration) {
      case Configuration.InvalidConfiguration b -> {
        process.err().print(b.report());
        String then =
            command.name().equals("reload") && serverReceivesReload(b.state())
                ? ServeCommand.KEPT_TEXT
                : "nothing was started";
        process.err().println("sealwax: the configuration has errors; " + then);
        yield ExitStatus.CONFIGURATION;
      }
      case Configuration.ValidConfiguration s -> configured(command, arguments, file, s);
    };
  }

  private int configured(
      Subcommand command,
      Arguments arguments,
      Optional<Path> file,
      Configuration.ValidConfiguration valid)
      throws Arguments.UsageError {
    Path state = valid.settings().server().state();
    try {
      return switch (command.name()) {
        case "serve" -> new ServeCommand(process, paths).run(file, valid);
        case "policyd" -> new PolicydCommand(process, paths).run(file, valid, arguments);
        case "lab" -> ConfiguredLab.serve(process, valid.settings());
        case "rehearse" -> new TrainingRun(process, paths).run();
        case "queue" -> new QueueCommand(process, state).queue(arguments);
        case "trace" -> new QueueCommand(process, state).trace(arguments);
        case "policy" -> new PolicyCommand(process, state).run(arguments);
        case "receipts" ->
            new ReceiptsCommand(process, DomainStores.receiptsIn(state)).run(arguments);
        case "tlsrpt" ->
            new TlsRptCommand(process, IncomingTlsReports.storeFolder(state))
                .run(arguments, Clock.system().now());
        case "explain" ->
            arguments.has("--what-if")
                ? new WhatIfCommand(process, paths.machine()).run(arguments, valid.settings())
                : new ExplainCommand(process).delivery(arguments, valid.settings());
        case "reload" -> reload(state);
        case "backup" -> backup(state, arguments);
        case "restore" -> restore(valid.settings(), arguments);
        default -> throw new IllegalStateException(command.name());
      };
    } catch (ControlServer.ControlRequestRefused e) {
      process.err().println("sealwax: " + e.getMessage());
      return ExitStatus.WARNINGS;
    } catch (ControlClient.ServerNotRunning e) {
      process.err().println("sealwax: " + e.getMessage());
      process.err().println("help: sealwax serve starts one; --config says which");
      return ExitStatus.UNAVAILABLE;
    } catch (IOException e) {
      process.err().println("sealwax: " + e.getMessage());
      return ExitStatus.SYSTEM;
    }
  }

  /** Makes a server read its configuration, so that its log also says that it cannot be used. */
  private static boolean serverReceivesReload(@Nullable Path state) {
    if (state == null) {
      return false;
    }
    try (ControlClient client = ControlClient.open(state)) {
      var _ = client.ask(ControlClient.request("reload"));
      return true;
    } catch (ControlServer.ControlRequestRefused e) {
      return true; // printed already: it read the same file
    } catch (IOException e) {
      return false;
    }
  }

  private int reload(Path state) throws IOException, ControlServer.ControlRequestRefused {
    try (ControlClient client = ControlClient.open(state)) {
      process.out().println(client.ask(ControlClient.request("reload")).path("text").asString(""));
      return ExitStatus.OK;
    }
  }

  private String folder(Arguments arguments) throws Arguments.UsageError {
    if (arguments.operands().size() != 1) {
      throw new Arguments.UsageError("name one folder");
    }
    return process.path(arguments.operands().getFirst()).toString();
  }

  private int backup(Path state, Arguments arguments)
      throws Arguments.UsageError, IOException, ControlServer.ControlRequestRefused {
    String folder = folder(arguments);
    try (ControlClient client = ControlClient.open(state)) {
      client.ask(ControlClient.request("backup").put("folder", folder));
      process.out().println("the spool was copied to " + folder);
      return ExitStatus.OK;
    }
  }

  private int restore(RouterSettings settings, Arguments arguments)
      throws Arguments.UsageError, IOException {
    Path folder = Path.of(folder(arguments));
    SpoolRestore.run(folder, settings.server().state(), settings.spool().folder());
    process.out().println("the spool was restored from " + folder + "; sealwax serve delivers it");
    return ExitStatus.OK;
  }

  private int password(Arguments arguments) throws Arguments.UsageError {
    if (arguments.operands().size() != 1) {
      throw new Arguments.UsageError("name one user");
    }
    try {
      String password =
          new BufferedReader(new InputStreamReader(process.in(), StandardCharsets.UTF_8))
              .readLine();
      process
          .out()
          .println(
              PasswordFile.line(
                  arguments.operands().getFirst(),
                  password == null ? "" : password,
                  RandomSource.secure()));
      return ExitStatus.OK;
    } catch (IOException | IllegalArgumentException e) {
      process.err().println("sealwax: " + e.getMessage());
      return ExitStatus.DATA;
    }
  }

  private int sendmail(List<String> words) throws Arguments.UsageError {
    SendmailArguments arguments = SendmailArguments.read(words);
    String config = arguments.configuration();
    Arguments found =
        new Arguments(config == null ? Map.of() : Map.of("--config", config), List.of());
    if (arguments.mode() == SendmailArguments.Mode.NOTHING) {
      return ExitStatus.OK;
    }
    Optional<Path> file = paths.configuration(found);
    try {
      return switch (Configuration.read(file.orElse(null), paths.machine())) {
        case Configuration.InvalidConfiguration b -> {
          process.err().println("sendmail: the configuration of Sealwax has errors: sealwax check");
          // Not the caller's fault, and fixed soon: the mail must not be lost because of it.
          yield ExitStatus.TRY_AGAIN;
        }
        case Configuration.ValidConfiguration s -> {
          Path state = s.settings().server().state();
          if (arguments.mode() == SendmailArguments.Mode.QUEUE) {
            yield new QueueCommand(process, state).queue(new Arguments(Map.of(), List.of()));
          }
          yield new Sendmail(process, Clock.system(), RandomSource.secure())
              .run(arguments, state, s.settings().server().hostname());
        }
      };
    } catch (ControlServer.ControlRequestRefused | IOException e) {
      process.err().println("sendmail: " + e.getMessage());
      return ExitStatus.TRY_AGAIN;
    }
  }

  private int help(Arguments arguments) throws Arguments.UsageError {
    if (arguments.operands().isEmpty()) {
      process.out().print(HelpText.overview());
      return ExitStatus.OK;
    }
    String name = arguments.operands().getFirst();
    Subcommand command =
        Subcommands.all().stream()
            .filter(c -> c.name().equals(name) && !c.hidden())
            .findFirst()
            .orElseThrow(() -> new Arguments.UsageError("no command " + name));
    process.out().print(HelpText.of(command));
    return ExitStatus.OK;
  }

  private int check(Arguments arguments) {
    Optional<Path> file = paths.configuration(arguments);
    Configuration configuration;
    try {
      configuration = Configuration.read(file.orElse(null), paths.machine());
    } catch (NoSuchFileException e) {
      process.err().println("sealwax: there is no " + e.getMessage());
      return ExitStatus.ERRORS;
    } catch (IOException e) {
      process.err().println("sealwax: cannot read the configuration: " + e.getMessage());
      return ExitStatus.ERRORS;
    }
    return new CheckCommand(process, paths)
        .print(configuration, file, arguments.has("--quiet"), !arguments.has("--offline"));
  }
}

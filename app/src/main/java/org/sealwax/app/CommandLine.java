package org.sealwax.app;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.sealwax.app.doctor.DkimCommand;
import org.sealwax.app.doctor.DoctorCommand;
import org.sealwax.assess.cli.AssessCommand;
import org.sealwax.assess.cli.ExplainCodeCommand;
import org.sealwax.assess.cli.SurveyCommand;
import org.sealwax.lab.cli.LabCommand;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.cli.CheckCommand;
import org.sealwax.router.cli.ConfigurationSource;
import org.sealwax.router.cli.DnsCommand;
import org.sealwax.router.cli.ExplainCommand;
import org.sealwax.router.cli.FeedbackCommand;
import org.sealwax.router.cli.PolicyCommand;
import org.sealwax.router.cli.PolicydCommand;
import org.sealwax.router.cli.QueueCommand;
import org.sealwax.router.cli.ReceiptsCommand;
import org.sealwax.router.cli.RolloverCommand;
import org.sealwax.router.cli.Sendmail;
import org.sealwax.router.cli.ServeCommand;
import org.sealwax.router.cli.ServerCommands;
import org.sealwax.router.cli.StatusCommand;
import org.sealwax.router.cli.TlsRptCommand;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer;

/** The commands of this program; runs one, and turns its failure into text and exit code. */
public final class CommandLine {
  private final ProcessEnvironment process;
  private final Command commands;

  public CommandLine(ProcessEnvironment process) {
    this.process = process;
    ServerCommands server = new ServerCommands(process);
    QueueCommand queue = new QueueCommand(process);
    ConfigurationSource configuration = new ConfigurationSource(process);
    this.commands =
        Command.group(
            """
            sealwax COMMAND
            a mail router that cannot silently be tricked into sending unencrypted

            Accepts mail for its domains and from the hosts that it trusts, and delivers it to the
            next hop. It stores no mailboxes. The commands examine other mail servers, too.

            $ sealwax demo
            $ sealwax serve --config sealwax.toml
            """,
            List.of(
                DemoCommand.command(process),
                new ServeCommand(process, HostedAssessor::of).command(),
                new CheckCommand(process).command(),
                DoctorCommand.command(process),
                DkimCommand.command(process),
                new DnsCommand(process).command(),
                new StatusCommand(process).command(),
                server.reload(),
                queue.command(),
                queue.traceCommand(),
                new PolicyCommand(process).command(),
                new RolloverCommand(process).command(),
                new ReceiptsCommand(process).command(),
                new TlsRptCommand(process).command(),
                new FeedbackCommand(process).command(),
                Sendmail.command(process),
                PolicydCommand.command(process),
                server.password(),
                server.backup(),
                server.restore(),
                LabCommand.command(
                    process,
                    arguments ->
                        ConfiguredLab.serve(process, configuration.valid(arguments).settings())),
                AssessCommand.command(process),
                SurveyCommand.command(process),
                new ExplainCommand(process, new ExplainCodeCommand(process)::run).command(),
                Command.of(
                    """
                    sealwax version
                    print the version

                    Banner and Received fields name the program and not its version.

                    $ sealwax version
                    """,
                    this::version),
                Command.of(
                    """
                    sealwax help [COMMAND...]
                    explain a command

                    Prints the same as COMMAND --help.

                    $ sealwax help queue list
                    """,
                    this::help),
                Command.of(
                    "sealwax rehearse",
                    arguments -> {
                      configuration.valid(arguments);
                      return new TrainingRun(process).run();
                    })));
  }

  /** All commands. */
  Command commands() {
    return commands;
  }

  /** Runs what the words name; returns the exit code. */
  public int run(String... args) {
    List<String> words = new ArrayList<>(Arrays.asList(args));
    PrintStream err = process.err();
    try {
      if (words.isEmpty()) {
        commands.printHelp(err, process);
        return ExitStatus.USAGE;
      }
      if (List.of("--version", "-V").contains(words.getFirst())) {
        words.set(0, "version");
      }
      return commands.run(process, words);
    } catch (Arguments.UsageError e) {
      return failed(ExitStatus.USAGE, e, e.command() + " --help");
    } catch (CommandFailed e) {
      return failed(e.exit(), e, e.help());
    } catch (ControlServer.ControlRequestRefused e) {
      return failed(ExitStatus.WARNINGS, e, "");
    } catch (ControlClient.ServerNotRunning e) {
      return failed(
          ExitStatus.UNAVAILABLE, e, "sealwax serve starts one; --config names its configuration");
    } catch (IOException e) {
      return failed(ExitStatus.SYSTEM, e, "");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitStatus.TRY_AGAIN;
    }
  }

  private int failed(int exit, Exception why, String help) {
    process.err().println("sealwax: " + FailureText.of(why));
    if (!help.isEmpty()) {
      process.err().println("help: " + help);
    }
    return exit;
  }

  private int version(Arguments arguments) {
    process.out().println("sealwax " + Version.text());
    return ExitStatus.OK;
  }

  private int help(Arguments arguments) throws Arguments.UsageError {
    commands.find(arguments.operands()).printHelp(process.out(), process);
    return ExitStatus.OK;
  }
}

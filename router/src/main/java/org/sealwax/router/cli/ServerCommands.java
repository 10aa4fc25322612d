package org.sealwax.router.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Terminal;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import org.sealwax.router.receive.auth.PasswordFile;
import org.sealwax.router.route.SrsTokenStore;
import org.sealwax.router.spool.SpoolRestore;
import tools.jackson.databind.JsonNode;

/** Commands of a few lines around a server: {@code reload}, {@code backup}, and their like. */
public final class ServerCommands {
  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  public ServerCommands(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code reload}. */
  public Command reload() {
    return Command.of(
        """
        sealwax reload
        make the running server read its configuration again

        Reads the configuration and every file that it names. When one of them has errors, they are
        printed and the running server keeps the old configuration. A new certificate that senders
        with DANE or MTA-STS would reject, and whose predecessor they accept, is not put in force:
        the reason is printed, and the exit status is 1.

        --force             load the certificates in any case

        $ sealwax reload
        """,
        arguments -> {
          try {
            JsonNode answer =
                configuration.ask(
                    arguments,
                    ControlClient.request("reload").put("forced", arguments.has("--force")));
            process.out().println(answer.path("text").asString(""));
            JsonNode refused = answer.path("refused");
            refused.forEach(text -> process.err().println("warning: " + text.asString("")));
            return refused.isEmpty() ? ExitStatus.OK : ExitStatus.WARNINGS;
          } catch (ControlRequestRefused e) {
            throw new CommandFailed(ExitStatus.CONFIGURATION, String.valueOf(e.getMessage()));
          }
        });
  }

  /** {@code backup}. */
  public Command backup() {
    return Command.of(
        """
        sealwax backup FOLDER
        back up the spool while the server runs

        Copies queue and bodies in one consistent state into a new folder.

        $ sealwax backup /var/backups/sealwax-monday
        """,
        arguments -> {
          Path folder = process.path(arguments.operand());
          configuration.ask(
              arguments, ControlClient.request("backup").put("folder", folder.toString()));
          process.out().println("the spool was copied to " + folder);
          return ExitStatus.OK;
        });
  }

  /** {@code restore}. */
  public Command restore() {
    return Command.of(
        """
        sealwax restore FOLDER
        restore the spool from a backup

        The server must not run, and the spool must be empty. Mail that was delivered after the
        backup is delivered again.

        $ sealwax restore /var/backups/sealwax-monday
        """,
        arguments -> {
          Path folder = process.path(arguments.operand());
          RouterSettings settings = configuration.valid(arguments).settings();
          SpoolRestore.run(
              folder,
              settings.server().state(),
              settings.spool().folder(),
              List.of(SrsTokenStore.FILE));
          process
              .out()
              .println("the spool was restored from " + folder + "; sealwax serve delivers it");
          return ExitStatus.OK;
        });
  }

  /** {@code password}. */
  public Command password() {
    return Command.of(
        """
        sealwax password USER
        print a line for the password file

        Reads the password from standard input, without echo at a terminal. The line contains a
        hash of it.

        $ sealwax password joe >> /etc/sealwax/passwords
        """,
        this::password);
  }

  private int password(Arguments arguments) throws IOException {
    String password =
        Terminal.secret(process, "password for " + Printable.of(arguments.operand()) + ": ");
    if (password.isEmpty()) {
      throw new CommandFailed(ExitStatus.DATA, "standard input has no password")
          .withHelp("printf %s 'the password' | sealwax password USER");
    }
    try {
      process
          .out()
          .println(PasswordFile.line(arguments.operand(), password, RandomSource.secure()));
      return ExitStatus.OK;
    } catch (IllegalArgumentException e) {
      throw new CommandFailed(ExitStatus.DATA, String.valueOf(e.getMessage()));
    }
  }
}

package org.sealwax.app;

import java.util.List;
import org.sealwax.assess.cli.AssessCommand;
import org.sealwax.assess.cli.SurveyCommand;
import org.sealwax.lab.cli.LabCommand;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.router.cli.CheckCommand;
import org.sealwax.router.cli.ExplainCommand;
import org.sealwax.router.cli.PolicyCommand;
import org.sealwax.router.cli.PolicydCommand;
import org.sealwax.router.cli.QueueCommand;
import org.sealwax.router.cli.ReceiptsCommand;
import org.sealwax.router.cli.Sendmail;
import org.sealwax.router.cli.ServeCommand;
import org.sealwax.router.cli.TlsRptCommand;

/** The subcommands of this program. */
public final class Subcommands {
  private Subcommands() {}

  /** All subcommands in the order of help. */
  public static List<Subcommand> all() {
    return List.of(
        DemoCommand.subcommand(),
        ServeCommand.subcommand(),
        CheckCommand.subcommand(),
        new Subcommand(
            "reload",
            "",
            "have the running server read its configuration again",
            "Reads the configuration and every file that it names. Where one of them is wrong, the"
                + " running server keeps the old configuration.",
            List.of(),
            false),
        QueueCommand.subcommand(),
        QueueCommand.traceSubcommand(),
        PolicyCommand.subcommand(),
        ReceiptsCommand.subcommand(),
        TlsRptCommand.subcommand(),
        Sendmail.subcommand(),
        PolicydCommand.subcommand(),
        new Subcommand(
            "password",
            "USER",
            "make a line for the password file",
            "Reads the password from standard input and prints the line; the password itself is not"
                + " kept.",
            List.of(),
            false),
        new Subcommand(
            "backup",
            "FOLDER",
            "copy the spool while the server runs",
            "Copies queue and bodies in one consistent state into a new folder.",
            List.of(),
            false),
        new Subcommand(
            "restore",
            "FOLDER",
            "put a backup in place of an empty spool",
            "The server must not run, and the spool must be empty: mail delivered since the backup"
                + " would be delivered again.",
            List.of(),
            false),
        LabCommand.subcommand(),
        AssessCommand.subcommand(),
        SurveyCommand.subcommand(),
        ExplainCommand.subcommand(),
        new Subcommand("version", "", "print the version", "Prints the version.", List.of(), false),
        new Subcommand("help", "[COMMAND]", "explain", "Explains a command.", List.of(), false),
        new Subcommand("rehearse", "", "for the launcher", "", List.of(), true));
  }
}

package org.sealwax.app;

import java.util.List;
import org.sealwax.assess.cli.AssessCommand;
import org.sealwax.assess.cli.SurveyCommand;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.router.cli.ExplainCommand;
import org.sealwax.router.cli.TlsRptCommand;

/** The subcommands of this program. */
public final class Subcommands {
  private Subcommands() {}

  /** All subcommands in the order of help. */
  public static List<Subcommand> all() {
    Subcommand.Option json = new Subcommand.Option("--json", null, "print JSON");
    return List.of(
        DemoCommand.subcommand(),
        new Subcommand(
            "serve",
            "",
            "be the router",
            "Listens, accepts, keeps, forwards and delivers. Without a configuration it listens on"
                + " 127.0.0.1:2525 and relays for loopback only. SIGTERM drains, a second one ends"
                + " at once; SIGHUP reloads.",
            List.of(),
            false),
        new Subcommand(
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
            false),
        new Subcommand(
            "reload",
            "",
            "have the running server read its configuration again",
            "Reads the configuration and every file that it names. Where one of them is wrong, the"
                + " running server keeps the old configuration.",
            List.of(),
            false),
        new Subcommand(
            "queue",
            "list | count | show ID | hold | release | retry | bounce | delete [ID...]",
            "look at the queue and act on it",
            "list groups by reason; hold, release, retry, bounce and delete take identifiers or one"
                + " of the selecting options. bounce gives up and tells the sender; delete tells"
                + " nobody.",
            List.of(
                json,
                new Subcommand.Option("--all", null, "all messages"),
                new Subcommand.Option("--reason", "WORD", "recipients waiting for this reason"),
                new Subcommand.Option(
                    "--state", "WORD", "recipients that are fresh, queued, deferred or held"),
                new Subcommand.Option("--domain", "DOMAIN", "recipients of this domain"),
                new Subcommand.Option("--sender", "ADDRESS", "messages of this sender"),
                new Subcommand.Option("--limit", "COUNT", "at most so many (100)")),
            false),
        new Subcommand(
            "trace",
            "ID",
            "one message's journey",
            "Prints what happened to a message, with the TLS facts of each hop that was seen.",
            List.of(json),
            false),
        new Subcommand(
            "policy",
            "list | show DOMAIN | accept DOMAIN | forget DOMAIN",
            "what domains have shown, and what to make of it",
            "list names the domains with a level and those that show less than it; show tells all"
                + " that is remembered of one; accept takes a domain as it shows itself now,"
                + " without waiting for the hold; forget drops all that is known of it, its level"
                + " included. accept --clock confirms the machine's clock after a jump, which"
                + " suspends acceptance and decay.",
            List.of(
                json,
                new Subcommand.Option(
                    "--violations", null, "only domains that show less than their level"),
                new Subcommand.Option("--all", null, "also domains without a level"),
                new Subcommand.Option("--clock", null, "with accept: confirm the clock"),
                new Subcommand.Option("--limit", "COUNT", "at most so many (100)")),
            false),
        new Subcommand(
            "receipts",
            "verify | export",
            "check and read the receipts of deliveries",
            "verify checks the chain and its signatures; with --head also that a head which the log"
                + " tells of is in it, which shows a tail that was cut. export prints one JSON"
                + " object per line and receipt. Exit code 0: everything holds; 2: not. No server"
                + " is needed.",
            List.of(
                new Subcommand.Option(
                    "--head", "HASH", "a head from the log that must be in the chain"),
                new Subcommand.Option(
                    "--recipient", "ADDRESS", "with export: only those of this address")),
            false),
        TlsRptCommand.subcommand(),
        new Subcommand(
            "sendmail",
            "[-t] [-i] [-f ADDRESS] [ADDRESS...]",
            "hand in mail as local programs do",
            "Takes the options of Sendmail: -t (recipients from the header), -i (a lone dot is"
                + " data), -f (sender), -F (full name), -N, -R, -V (notifications), -bs (SMTP on"
                + " standard input), -bp (list the queue); those that mean nothing here are taken"
                + " without effect. A link named sendmail does the same. The message is on stable"
                + " storage when the exit code is 0; 75 means: try again.",
            List.of(),
            false),
        new Subcommand(
            "policyd",
            "",
            "lend the rule book to Postfix",
            "Serves smtp_tls_policy_maps as a socketmap: DANE, MTA-STS, the policy rows of the"
                + " configuration and the ledger, in Postfix's words. The table is tls, or tlsrpt"
                + " with the attributes that Postfix 3.10 reports by. What is not known now is"
                + " TEMP, so that mail waits. SIGHUP reads the configuration again. Uses dns,"
                + " deliver and policy of the configuration; keeps what it learns in the folder"
                + " policyd of the state folder.",
            List.of(
                new Subcommand.Option(
                    "--listen", "PLACE", "127.0.0.1:8461 unless said; or unix: and a path"),
                new Subcommand.Option(
                    "--metrics", "PLACE", "serve figures by HTTP there: 127.0.0.1:9126"),
                new Subcommand.Option(
                    "--learn-from", "FILE", "Postfix's log: domains that always had TLS keep it"),
                new Subcommand.Option(
                    "--ask",
                    "KEY",
                    "print what would be served for a next hop, and on standard error why; then"
                        + " end")),
            false),
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
        new Subcommand(
            "lab",
            "local | serve",
            "test what a mail router does when the way out is broken or under attack",
            "Sets up a small internet of deliberately broken receivers on this machine, with its"
                + " own signed DNS, MTA-STS policy hosts and certificates; prints what the router"
                + " under test needs (resolver, trust anchor, CA, recipients), shows what it does"
                + " as it does it, and ends with a grade. serve is the same for everybody, behind a"
                + " zone that is delegated to this machine ([lab] of the configuration): people get"
                + " a token on its pages and see their table fill. The lab itself sends no mail.",
            List.of(
                new Subcommand.Option(
                    "--loopback",
                    null,
                    "with serve: on this machine only, with high ports and without a"
                        + " configuration"),
                new Subcommand.Option(
                    "--isolate",
                    null,
                    "in a network namespace of its own: real ports, own addresses and resolv.conf,"
                        + " so that any router runs in it unchanged"),
                new Subcommand.Option(
                    "--exec",
                    "COMMAND",
                    "run by /bin/sh when the lab is ready; finds LAB_RESOLVER, LAB_ANCHOR, LAB_CA,"
                        + " LAB_SENDER, LAB_RECIPIENTS, LAB_FOLDER, LAB_SMTP_PORT, LAB_HTTPS_PORT"
                        + " in its environment, and is ended with the lab"),
                new Subcommand.Option(
                    "--traps",
                    "LIST",
                    "quick, all, groups (e), traps (e3), rows (d1s), and -b11 for what is left out"
                        + " (all)"),
                new Subcommand.Option(
                    "--profile",
                    "WORD",
                    "what the router chose: opportunistic, strict (TLS everywhere) or verified"
                        + " (opportunistic)"),
                json,
                new Subcommand.Option(
                    "--junit", "FILE", "write JUnit XML too, a test case for each row"),
                new Subcommand.Option(
                    "--folder", "FOLDER", "where the files for the router go (a new one)"),
                new Subcommand.Option("--scale", "N", "divide the lab's long times by N (60)"),
                new Subcommand.Option("--wait", "SECONDS", "how long the router has (180)"),
                new Subcommand.Option("--patient", null, "give it half an hour"),
                new Subcommand.Option(
                    "--ports", "SMTP:HTTPS", "other ports for the receivers (25:443)"),
                new Subcommand.Option("--fail-below", "GRADE", "exit code 1 below this grade")),
            false),
        AssessCommand.subcommand(),
        SurveyCommand.subcommand(),
        ExplainCommand.subcommand(),
        new Subcommand("version", "", "print the version", "Prints the version.", List.of(), false),
        new Subcommand("help", "[COMMAND]", "explain", "Explains a command.", List.of(), false),
        new Subcommand("rehearse", "", "for the launcher", "", List.of(), true));
  }
}

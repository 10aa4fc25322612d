package org.sealwax.router.cli;

import static org.sealwax.router.cli.AnswerText.fill;
import static org.sealwax.router.cli.AnswerText.optional;

import java.io.PrintStream;
import java.util.List;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.router.control.ControlClient;
import tools.jackson.databind.JsonNode;

/** {@code sealwax rollover …}: replaces the key of the running server's certificate. */
public final class RolloverCommand {
  private static final String JSON = "\n--json              print JSON\n";

  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  public RolloverCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code rollover} with its commands. */
  public Command command() {
    return Command.group(
        """
        sealwax rollover [COMMAND]
        replace the key of the server's certificate while senders verify it by DANE

        Without a command: status. The server must run, with enabled = true in [rollover].

        $ sealwax rollover
        """,
        List.of(
            verb(
                """
                sealwax rollover status
                print the phase of the rollover and what it waits for

                Where [[dns_update]] has no row for the zone, it prints the record to be added or
                removed.

                $ sealwax rollover status
                """,
                "status"),
            verb(
                """
                sealwax rollover start
                make the next key and publish its TLSA record

                The record 3 1 1 of the current key must be published by all name servers. The
                next key is used after its record was seen at every name server, and after caches
                had time to forget the former records. The old record and key are removed last.

                $ sealwax rollover start
                """,
                "start"),
            verb(
                """
                sealwax rollover abort
                give up the next key, and remove its TLSA record

                When the next key is already in use, the old one is used again first. Once the
                record of the old key is being removed, a rollover cannot be aborted.

                $ sealwax rollover abort
                """,
                "abort")));
  }

  private Command verb(String help, String verb) {
    return Command.of(
        help + JSON,
        arguments ->
            configuration.show(
                arguments, ControlClient.request("rollover").put("verb", verb), this::print));
  }

  private void print(JsonNode answer) {
    PrintStream out = process.out();
    out.println(fill("phase    {phase} since {since}", answer));
    String before =
        "publish spread certify load".contains(fill("{phase}", answer)) ? "next" : "old";
    out.print(optional("current  3 1 1 {current}\n", answer));
    out.print(optional(String.format("%-9s", before) + "3 1 1 {other}\n", answer));
    if (answer.path("aborting").asBoolean(false)) {
      out.println("aborted");
    }
    if (!answer.path("waiting").asString("").isEmpty()) {
      out.println(fill("waiting  {waiting}", answer));
    }
    if (!answer.path("record").asString("").isEmpty()) {
      out.println(fill("record   {record}", answer));
    }
  }
}

package org.sealwax.router.cli;

import static org.sealwax.router.cli.AnswerText.fill;
import static org.sealwax.router.cli.AnswerText.optional;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.router.control.ControlClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax policy …}: asks the running server about its ledger and prints. */
public final class PolicyCommand {
  private static final String JSON = "\n--json              print JSON\n";

  /** More than the server lists in one reply. */
  private static final int MOST = 1_000_000;

  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  public PolicyCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code policy} with its commands. */
  public Command command() {
    return Command.group(
        """
        sealwax policy [COMMAND]
        list the TLS levels of domains, and change them

        Without a command: list. These are the levels of the ledger; sealwax explain shows all
        sources of policy. The server must run.

        $ sealwax policy
        """,
        List.of(
            Command.of(
                """
                sealwax policy list
                list domains with a level, and those that violate it

                Prints the level of each domain, since when it has it, and when the domain last
                showed it.

                --violations        only domains that show less than their level
                --all               also domains without a level
                --limit COUNT       maximum number of domains (100)

                $ sealwax policy list --violations
                """
                    + JSON,
                this::list),
            Command.of(
                """
                sealwax policy show DOMAIN
                print the ledger's record of a domain

                Prints the level, the MX hosts with what they have shown, and their keys.

                $ sealwax policy show example.org
                """
                    + JSON,
                arguments ->
                    configuration.show(arguments, request("show", arguments), this::printDomain)),
            Command.of(
                """
                sealwax policy accept [DOMAIN]
                accept the TLS that a domain shows now, without waiting for the hold

                With --clock and without a domain it confirms the machine's clock after a jump,
                which suspends acceptance and decay.

                --clock             confirm the clock

                $ sealwax policy accept example.org
                """
                    + JSON,
                this::accept),
            Command.of(
                """
                sealwax policy forget DOMAIN
                remove the ledger's record of a domain, and its level

                The domain starts again without a level: until it reaches one, plaintext is
                possible where nothing else forbids it.

                $ sealwax policy forget example.org
                """
                    + JSON,
                arguments ->
                    configuration.show(arguments, request("forget", arguments), this::printText))));
  }

  private static ObjectNode request(String verb, Arguments arguments) {
    ObjectNode request = ControlClient.request("policy").put("verb", verb);
    arguments.operands().forEach(domain -> request.put("domain", domain));
    return request;
  }

  private void printText(JsonNode answer) {
    process.out().println(answer.path("text").asString(""));
  }

  private int accept(Arguments arguments) throws IOException {
    boolean clock = arguments.has("--clock");
    if (clock != arguments.operands().isEmpty()) {
      throw new Arguments.UsageError("policy accept takes one domain, or --clock");
    }
    ObjectNode request = request("accept", arguments);
    return configuration.show(
        arguments, clock ? request.put("clock", true) : request, this::printText);
  }

  private int list(Arguments arguments) throws IOException {
    ObjectNode request = request("list", arguments);
    request.put("violations", arguments.has("--violations"));
    request.put("all", arguments.has("--all"));
    arguments.number("--limit", MOST).ifPresent(limit -> request.put("limit", limit));
    return configuration.show(arguments, request, this::printList);
  }

  private void printList(JsonNode answer) {
    PrintStream out = process.out();
    if (!answer.path("clock_trusted").asBoolean(true)) {
      out.println("the clock is in doubt: nothing is accepted and no level expires");
      out.println("help: if it is correct, run: sealwax policy accept --clock");
      out.println();
    }
    if (answer.path("domains").isEmpty()) {
      out.println("no domain");
      return;
    }
    for (JsonNode row : answer.path("domains")) {
      out.println(head(row));
    }
    if (answer.path("more").asBoolean(false)) {
      out.println("... more domains exist: use --limit");
    }
  }

  private static String head(JsonNode row) {
    JsonNode violation = row.path("violation");
    String accepts = optional("; accepted at the earliest {accepts}", violation);
    return fill("{domain}  {level}", row)
        + optional(" since {since}, seen {seen}", row)
        + optional("\n  shows less since {since}: {class}", violation)
        + (accepts.isEmpty() && !violation.isMissingNode()
            ? "; only sealwax policy accept ends it"
            : accepts);
  }

  private void printDomain(JsonNode answer) {
    PrintStream out = process.out();
    out.println(head(answer));
    if (answer.has("falls_away")) {
      out.println(fill("  expires {falls_away} unless seen again", answer));
    }
    for (JsonNode host : answer.path("hosts")) {
      out.println(
          fill("  {host}", host)
              + (host.path("mx").asBoolean(false) ? "" : "  (no MX host now)")
              + (host.path("admitted").asBoolean(true) ? "" : "  (not admitted)"));
      List<String> shown = new ArrayList<>();
      for (Map.Entry<String, JsonNode> what : host.path("shown").properties()) {
        shown.add(what.getKey() + fill(" {sessions} on {days} days", what.getValue()));
      }
      out.println("    " + String.join(", ", shown));
      for (JsonNode key : host.path("keys")) {
        out.println(fill("    key {key} from {first} to {last}", key));
      }
    }
  }
}

package org.sealwax.router.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.json.Json;
import org.sealwax.router.control.ControlClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax policy …}: asks the running server about its ledger and prints. */
public final class PolicyCommand {
  private static final String JSON = "\n--json              print JSON\n";

  /** More than the server lists at once. */
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
        list what domains have shown, and decide about it

        Without a command: list. These are the levels of the ledger; sealwax explain shows all
        sources of policy. The server must run.

        $ sealwax policy
        """,
        List.of(
            Command.of(
                """
                sealwax policy list
                list domains with a level, and those that show less than it

                Prints the level of each domain, since when it has it, and when the domain last
                showed it.

                --violations        only domains that show less than their level
                --all               also domains without a level
                --limit COUNT       at most so many (100)

                $ sealwax policy list --violations
                """
                    + JSON,
                this::list),
            Command.of(
                """
                sealwax policy show DOMAIN
                print all that the ledger has of a domain

                Prints the level, the MX hosts with what they have shown, and their keys.

                $ sealwax policy show example.org
                """
                    + JSON,
                arguments -> ask(arguments, request("show", arguments), this::printDomain)),
            Command.of(
                """
                sealwax policy accept [DOMAIN]
                accept what a domain shows now, without waiting for the hold

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
                remove all that the ledger has of a domain, its level included

                The domain starts again without a level: until it reaches one, plaintext is
                possible where nothing else forbids it.

                $ sealwax policy forget example.org
                """
                    + JSON,
                arguments -> ask(arguments, request("forget", arguments), this::printText))));
  }

  private static ObjectNode request(String verb, Arguments arguments) {
    ObjectNode request = ControlClient.request("policy").put("verb", verb);
    arguments.operands().forEach(domain -> request.put("domain", domain));
    return request;
  }

  private int ask(Arguments arguments, ObjectNode request, Consumer<JsonNode> print)
      throws IOException {
    JsonNode answer = configuration.ask(arguments, request);
    if (arguments.has("--json")) {
      process.out().println(Json.indented(answer));
    } else {
      print.accept(answer);
    }
    return ExitStatus.OK;
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
    return ask(arguments, clock ? request.put("clock", true) : request, this::printText);
  }

  private int list(Arguments arguments) throws IOException {
    ObjectNode request = request("list", arguments);
    request.put("violations", arguments.has("--violations"));
    request.put("all", arguments.has("--all"));
    arguments.number("--limit", MOST).ifPresent(limit -> request.put("limit", limit));
    return ask(arguments, request, this::printList);
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
      out.println("... and more: --limit");
    }
  }

  private static String head(JsonNode row) {
    StringBuilder out = new StringBuilder();
    out.append(text(row, "domain")).append("  ").append(text(row, "level"));
    if (row.has("since")) {
      out.append(" since ").append(TimeText.of(row, "since"));
      out.append(", seen ").append(TimeText.of(row, "seen"));
    }
    JsonNode violation = row.path("violation");
    if (!violation.isMissingNode()) {
      out.append("\n  shows less since ").append(TimeText.of(violation, "since"));
      out.append(": ").append(text(violation, "class"));
      out.append(
          violation.path("accepts").isNull() || violation.path("accepts").isMissingNode()
              ? "; only sealwax policy accept ends it"
              : "; accepted at the earliest " + TimeText.of(violation, "accepts"));
    }
    return out.toString();
  }

  private void printDomain(JsonNode answer) {
    PrintStream out = process.out();
    out.println(head(answer));
    if (answer.has("falls_away")) {
      out.println("  expires " + TimeText.of(answer, "falls_away") + " unless seen again");
    }
    for (JsonNode host : answer.path("hosts")) {
      out.println(
          "  "
              + text(host, "host")
              + (host.path("mx").asBoolean(false) ? "" : "  (no MX host now)")
              + (host.path("admitted").asBoolean(true) ? "" : "  (not admitted)"));
      String shown =
          String.join(
              ", ",
              StreamSupport.stream(host.path("shown").properties().spliterator(), false)
                  .map(
                      e ->
                          e.getKey()
                              + " "
                              + e.getValue().path("sessions").asInt(0)
                              + " on "
                              + e.getValue().path("days").asInt(0)
                              + " days")
                  .toList());
      out.println("    " + shown);
      for (JsonNode key : host.path("keys")) {
        out.println(
            "    key "
                + text(key, "key")
                + " from "
                + TimeText.of(key, "first")
                + " to "
                + TimeText.of(key, "last"));
      }
    }
  }

  private static String text(JsonNode node, String field) {
    return Printable.of(node.path(field).asString(""));
  }
}

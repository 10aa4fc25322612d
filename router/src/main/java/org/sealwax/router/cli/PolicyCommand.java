package org.sealwax.router.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.mail.json.Json;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax policy …}: asks the running server about its ledger and prints. */
public final class PolicyCommand {
  private final ProcessEnvironment process;
  private final Path state;

  public PolicyCommand(ProcessEnvironment around, Path state) {
    this.process = around;
    this.state = state;
  }

  /** As help and the manual show it. */
  public static Subcommand subcommand() {
    return new Subcommand(
        "policy",
        "list | show DOMAIN | accept DOMAIN | forget DOMAIN",
        "what domains have shown, and what to make of it",
        "list names the domains with a level and those that show less than it; show tells all"
            + " that is remembered of one; accept takes a domain as it shows itself now,"
            + " without waiting for the hold; forget drops all that is known of it, its level"
            + " included. accept --clock confirms the machine's clock after a jump, which"
            + " suspends acceptance and decay.",
        List.of(
            new Subcommand.Option("--json", null, "print JSON"),
            new Subcommand.Option(
                "--violations", null, "only domains that show less than their level"),
            new Subcommand.Option("--all", null, "also domains without a level"),
            new Subcommand.Option("--clock", null, "with accept: confirm the clock"),
            new Subcommand.Option("--limit", "COUNT", "at most so many (100)")),
        false);
  }

  public int run(Arguments arguments)
      throws Arguments.UsageError, IOException, ControlRequestRefused {
    List<String> operands = arguments.operands();
    String verb = operands.isEmpty() ? "list" : operands.getFirst();
    List<String> rest = operands.isEmpty() ? List.of() : operands.subList(1, operands.size());
    ObjectNode request = ControlClient.request("policy").put("verb", verb);
    switch (verb) {
      case "list" -> listing(request, arguments, rest);
      case "show", "forget" -> request.put("domain", oneDomain(verb, rest));
      case "accept" -> {
        if (arguments.has("--clock") && rest.isEmpty()) {
          request.put("clock", true);
        } else {
          request.put("domain", oneDomain(verb, rest));
        }
      }
      default ->
          throw new Arguments.UsageError("policy knows list, show, accept and forget, not " + verb);
    }
    try (ControlClient client = ControlClient.open(state)) {
      JsonNode answer = client.ask(request);
      if (arguments.has("--json")) {
        process.out().println(Json.indented(answer));
        return ExitStatus.OK;
      }
      switch (verb) {
        case "list" -> list(answer);
        case "show" -> show(answer);
        default -> process.out().println(answer.path("text").asString(""));
      }
      return ExitStatus.OK;
    }
  }

  private static String oneDomain(String verb, List<String> rest) throws Arguments.UsageError {
    if (rest.size() != 1) {
      throw new Arguments.UsageError("policy " + verb + " takes one domain");
    }
    return rest.getFirst();
  }

  private static void listing(ObjectNode request, Arguments arguments, List<String> rest)
      throws Arguments.UsageError {
    if (!rest.isEmpty()) {
      throw new Arguments.UsageError("policy list takes no domain; policy show does");
    }
    request.put("violations", arguments.has("--violations"));
    request.put("all", arguments.has("--all"));
    if (arguments.value("--limit").isPresent()) {
      try {
        request.put("limit", Integer.parseInt(arguments.value("--limit").get()));
      } catch (NumberFormatException e) {
        throw new Arguments.UsageError("--limit takes a number");
      }
    }
  }

  private void list(JsonNode answer) {
    PrintStream out = process.out();
    if (!answer.path("clock_trusted").asBoolean(true)) {
      out.println("the clock is in doubt: nothing is accepted and no level falls away");
      out.println("help: when it is right, sealwax policy accept --clock");
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
    out.append(row.path("domain").asString("")).append("  ").append(row.path("level").asString(""));
    if (row.has("since")) {
      out.append(" since ").append(row.path("since").asString(""));
      out.append(", seen ").append(row.path("seen").asString(""));
    }
    JsonNode violation = row.path("violation");
    if (!violation.isMissingNode()) {
      out.append("\n  shows less since ").append(violation.path("since").asString(""));
      out.append(": ").append(violation.path("class").asString(""));
      out.append(
          violation.path("accepts").isNull() || violation.path("accepts").isMissingNode()
              ? "; only sealwax policy accept ends it"
              : "; accepted at the earliest " + violation.path("accepts").asString(""));
    }
    return out.toString();
  }

  private void show(JsonNode answer) {
    PrintStream out = process.out();
    out.println(head(answer));
    if (answer.has("falls_away")) {
      out.println("  falls away " + answer.path("falls_away").asString("") + " unless seen again");
    }
    for (JsonNode host : answer.path("hosts")) {
      out.println(
          "  "
              + host.path("host").asString("")
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
                + key.path("key").asString("")
                + " from "
                + key.path("first").asString("")
                + " to "
                + key.path("last").asString(""));
      }
    }
  }
}

package org.sealwax.router.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.mail.json.Json;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax queue …} and {@code sealwax trace}: asks the running server and prints. */
public final class QueueCommand {
  private static final Set<String> ORDERS = Set.of("hold", "release", "retry", "bounce", "delete");

  private final ProcessEnvironment process;
  private final Path state;

  public QueueCommand(ProcessEnvironment around, Path state) {
    this.process = around;
    this.state = state;
  }

  /** As help and the manual show it. */
  public static Subcommand subcommand() {
    return new Subcommand(
        "queue",
        "list | count | show ID | hold | release | retry | bounce | delete [ID...]",
        "look at the queue and act on it",
        "list groups by reason; hold, release, retry, bounce and delete take identifiers or one"
            + " of the selecting options. bounce gives up and tells the sender; delete tells"
            + " nobody.",
        List.of(
            new Subcommand.Option("--json", null, "print JSON"),
            new Subcommand.Option("--all", null, "all messages"),
            new Subcommand.Option("--reason", "WORD", "recipients waiting for this reason"),
            new Subcommand.Option(
                "--state", "WORD", "recipients that are fresh, queued, deferred or held"),
            new Subcommand.Option("--domain", "DOMAIN", "recipients of this domain"),
            new Subcommand.Option("--sender", "ADDRESS", "messages of this sender"),
            new Subcommand.Option("--limit", "COUNT", "at most so many (100)")),
        false);
  }

  /** {@code trace} as help and the manual show it. */
  public static Subcommand traceSubcommand() {
    return new Subcommand(
        "trace",
        "ID",
        "one message's journey",
        "Prints what happened to a message, with the TLS facts of each hop that was seen.",
        List.of(new Subcommand.Option("--json", null, "print JSON")),
        false);
  }

  public int queue(Arguments arguments)
      throws Arguments.UsageError, IOException, ControlRequestRefused {
    List<String> operands = arguments.operands();
    String verb = operands.isEmpty() ? "list" : operands.getFirst();
    List<String> ids = operands.isEmpty() ? List.of() : operands.subList(1, operands.size());
    try (ControlClient client = ControlClient.open(state)) {
      if (ORDERS.contains(verb)) {
        return order(client, verb, arguments, ids);
      }
      return switch (verb) {
        case "list" -> list(client, arguments);
        case "count" -> {
          JsonNode answer = client.ask(filtered("count", arguments));
          process.out().println(answer.path("recipients").asLong());
          yield ExitStatus.OK;
        }
        case "show" -> show(client, arguments, singleMessage(ids, "queue show"));
        default ->
            throw new Arguments.UsageError(
                "queue knows list, count, show, hold, release, retry, bounce and delete, not "
                    + verb);
      };
    }
  }

  private static String singleMessage(List<String> ids, String what) throws Arguments.UsageError {
    if (ids.size() != 1) {
      throw new Arguments.UsageError(what + " takes one identifier");
    }
    return ids.getFirst();
  }

  private static ObjectNode filtered(String what, Arguments arguments) throws Arguments.UsageError {
    ObjectNode request = ControlClient.request(what);
    arguments.value("--domain").ifPresent(v -> request.put("domain", v));
    arguments.value("--sender").ifPresent(v -> request.put("sender", v));
    arguments.value("--reason").ifPresent(v -> request.put("reason", v));
    arguments.value("--state").ifPresent(v -> request.put("state", v));
    if (arguments.has("--all")) {
      request.put("all", true);
    }
    if (arguments.value("--limit").isPresent()) {
      try {
        request.put("limit", Integer.parseInt(arguments.value("--limit").get()));
      } catch (NumberFormatException e) {
        throw new Arguments.UsageError("--limit takes a number");
      }
    }
    return request;
  }

  private int order(ControlClient client, String verb, Arguments arguments, List<String> ids)
      throws Arguments.UsageError, IOException, ControlRequestRefused {
    List<ObjectNode> requests = new ArrayList<>();
    if (ids.isEmpty()) {
      requests.add(filtered(verb, arguments));
    }
    for (String id : ids) {
      requests.add(filtered(verb, arguments).put("id", id));
    }
    long done = 0;
    long later = 0;
    long skipped = 0;
    for (ObjectNode request : requests) {
      JsonNode answer = client.ask(request);
      done += answer.path("recipients").asLong();
      later += answer.path("later").asLong();
      skipped += answer.path("skipped").asLong();
    }
    StringBuilder text = new StringBuilder(verb + ": " + done + recipients(done));
    if (later > 0) {
      text.append(", and ").append(later).append(" more once the delivery under way has ended");
    }
    if (skipped > 0) {
      text.append("; ").append(skipped).append(" to which this does not apply");
    }
    process.out().println(text);
    return done + later > 0 ? ExitStatus.OK : ExitStatus.WARNINGS;
  }

  private static String recipients(long count) {
    return count == 1 ? " recipient" : " recipients";
  }

  private int list(ControlClient client, Arguments arguments)
      throws Arguments.UsageError, IOException, ControlRequestRefused {
    JsonNode answer = client.ask(filtered("list", arguments));
    if (arguments.has("--json")) {
      json(answer);
      return ExitStatus.OK;
    }
    PrintStream out = process.out();
    if (answer.path("messages").isEmpty()) {
      out.println("the queue is empty");
      return ExitStatus.OK;
    }
    for (JsonNode message : answer.path("messages")) {
      out.println(head(message));
      message.path("recipients").forEach(r -> out.println("  " + recipient(r)));
    }
    if (answer.path("more").asBoolean(false)) {
      out.println("... and more: --limit");
    }
    out.println();
    for (JsonNode reason : client.ask(ControlClient.request("reasons"))) {
      String why = reason.path("reason").asString("");
      out.println(
          reason.path("groups").asLong()
              + " "
              + reason.path("state").asString("")
              + (why.isEmpty() ? "" : ": " + why)
              + ", the oldest from "
              + reason.path("oldest").asString(""));
    }
    return ExitStatus.OK;
  }

  private static String head(JsonNode message) {
    return message.path("id").asString("")
        + "  "
        + message.path("arrived").asString("")
        + "  "
        + message.path("size").asLong()
        + " octets  from <"
        + Printable.of(message.path("sender").asString(""))
        + ">";
  }

  private static String recipient(JsonNode r) {
    StringBuilder out = new StringBuilder();
    out.append('<').append(Printable.of(r.path("to").asString(""))).append(">  ");
    out.append(r.path("state").asString(""));
    if (r.has("reason")) {
      out.append(": ").append(r.path("reason").asString(""));
      out.append(" (").append(Printable.of(r.path("text").asString(""))).append(')');
    }
    if (r.has("due")) {
      out.append("  next ").append(r.path("due").asString(""));
    }
    return out.toString();
  }

  private int show(ControlClient client, Arguments arguments, String id)
      throws IOException, ControlRequestRefused {
    JsonNode answer = client.ask(ControlClient.request("show").put("id", id));
    if (arguments.has("--json")) {
      json(answer);
      return ExitStatus.OK;
    }
    PrintStream out = process.out();
    out.println(head(answer));
    String tls = answer.path("tls").asString("");
    out.println(
        "  came from "
            + Printable.of(answer.path("origin").asString(""))
            + (tls.isEmpty() ? ", in clear" : ", " + Printable.of(tls)));
    answer.path("recipients").forEach(r -> out.println("  " + recipient(r)));
    out.println();
    answer.path("header").asString("").lines().forEach(l -> out.println(Printable.of(l)));
    return ExitStatus.OK;
  }

  public int trace(Arguments arguments)
      throws Arguments.UsageError, IOException, ControlRequestRefused {
    String id = singleMessage(arguments.operands(), "trace");
    try (ControlClient client = ControlClient.open(state)) {
      JsonNode answer = client.ask(ControlClient.request("trace").put("id", id));
      if (arguments.has("--json")) {
        json(answer);
        return ExitStatus.OK;
      }
      PrintStream out = process.out();
      JsonNode a = answer.path("arrival");
      if (!a.isMissingNode()) {
        String tls = a.path("tls").asString("");
        out.println(
            a.path("at").asString("")
                + "  accepted from "
                + Printable.of(a.path("origin").asString(""))
                + ", "
                + a.path("size").asLong()
                + " octets, sender <"
                + Printable.of(a.path("sender").asString(""))
                + (tls.isEmpty() ? ">, in clear" : ">, " + Printable.of(tls)));
      }
      for (JsonNode s : answer.path("stations")) {
        out.println(traceEntry(s));
      }
      answer.path("waiting").forEach(r -> out.println("waiting  " + recipient(r)));
      return ExitStatus.OK;
    }
  }

  private static String traceEntry(JsonNode s) {
    StringBuilder out = new StringBuilder(s.path("at").asString(""));
    out.append("  ").append(s.path("what").asString(""));
    out.append(" <").append(Printable.of(s.path("to").asString(""))).append('>');
    for (String field : List.of("host", "tls", "reason", "status", "text", "reply")) {
      if (s.has(field)) {
        out.append(", ").append(field).append(' ').append(Printable.of(s.path(field).asString("")));
      }
    }
    return out.toString();
  }

  private void json(JsonNode node) {
    process.out().println(Json.indented(node));
  }
}

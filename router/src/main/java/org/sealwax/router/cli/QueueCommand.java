package org.sealwax.router.cli;

import static org.sealwax.router.cli.AnswerText.fill;
import static org.sealwax.router.cli.AnswerText.optional;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.CountText;
import org.sealwax.router.control.ControlClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax queue …} and {@code sealwax trace}: asks the running server and prints. */
public final class QueueCommand {
  /** More than the server lists in one reply. */
  private static final int MOST = 1_000_000;

  private static final List<String> SELECTING = List.of("domain", "sender", "reason", "state");

  private static final String SELECTION =
      """

      --all               all messages
      --reason WORD       recipients waiting for this reason
      --state WORD        recipients that are fresh, queued, deferred or held
      --domain DOMAIN     recipients of this domain
      --sender ADDRESS    messages of this sender
      --limit COUNT       maximum number of messages (100)
      """;

  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  public QueueCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code queue} with its commands. */
  public Command command() {
    return Command.group(
        """
        sealwax queue [COMMAND]
        list the queue and change it

        Without a command: list. The commands that change the queue take identifiers or at least
        one of the selecting options, and return when the change is on stable storage. The server
        must run.

        $ sealwax queue
        """,
        List.of(
            Command.of(
                """
                sealwax queue list
                list messages, with the reasons why they wait

                Prints each message with its sender and size, each recipient with its state, the
                reason and the time of the next attempt, and a summary by reason, in which a
                message counts once for each next hop.

                --by WORD           cause: only the number of recipients by cause and next hop
                --json              print JSON

                $ sealwax queue list --reason greylisted
                $ sealwax queue list --by cause
                $ sealwax queue list --domain example.org --json
                """
                    + SELECTION,
                this::list),
            Command.of(
                """
                sealwax queue count
                print the number of recipients

                Counts the recipients that the options select, or all.

                $ sealwax queue count --state deferred
                """
                    + SELECTION,
                this::count),
            Command.of(
                """
                sealwax queue show ID
                print envelope, state and header section of a message

                Prints the sender, the client that the message came from, each recipient with its
                state, and the header section as it is stored.

                --json              print JSON

                $ sealwax queue show 4bXk2Lm9
                """,
                this::show),
            order(
                """
                sealwax queue hold [ID...]
                keep messages in the queue until they are released

                Held messages are not delivered and do not expire.

                $ sealwax queue hold --sender spammer@example.org
                """),
            order(
                """
                sealwax queue release [ID...]
                deliver held messages

                Delivery of the messages is tried at once.

                $ sealwax queue release 4bXk2Lm9
                """),
            order(
                """
                sealwax queue retry [ID...]
                try delivery now

                Deferred messages are tried without waiting for their time, and the pause of a next
                hop ends. Held messages stay held.

                $ sealwax queue retry --domain example.org
                """),
            order(
                """
                sealwax queue bounce [ID...]
                bounce messages to their senders

                The sender gets a delivery status notification, as when the lifetime of a
                message has ended.

                $ sealwax queue bounce --domain gone.example
                """),
            order(
                """
                sealwax queue delete [ID...]
                remove messages without notifying anyone

                The messages are lost; no sender is notified.

                $ sealwax queue delete --reason ended-process
                """)));
  }

  /** A command that changes the queue as the last word of its path specifies. */
  private Command order(String page) {
    String verb = page.split(" ", 4)[2];
    return Command.of(page + SELECTION, arguments -> order(verb, arguments));
  }

  /** {@code trace}. */
  public Command traceCommand() {
    return Command.of(
        """
        sealwax trace ID
        print the history of a message

        Prints what happened to a message since it was accepted: the results of SPF, DKIM and
        DMARC, the TLS facts of each delivery attempt, also after it has left the queue. The
        server must run.

        --json              print JSON

        $ sealwax trace 4bXk2Lm9
        """,
        this::trace);
  }

  private static ObjectNode selected(String what, Arguments arguments) throws Arguments.UsageError {
    ObjectNode request = ControlClient.request(what);
    for (String option : SELECTING) {
      arguments.value("--" + option).ifPresent(v -> request.put(option, v));
    }
    if (arguments.has("--all")) {
      request.put("all", true);
    }
    arguments.number("--limit", MOST).ifPresent(limit -> request.put("limit", limit));
    return request;
  }

  private int count(Arguments arguments) throws IOException {
    process
        .out()
        .println(
            configuration
                .ask(arguments, selected("count", arguments))
                .path("recipients")
                .asLong(0));
    return ExitStatus.OK;
  }

  private int order(String verb, Arguments arguments) throws IOException {
    List<ObjectNode> requests = new ArrayList<>();
    if (arguments.operands().isEmpty()) {
      requests.add(selected(verb, arguments));
    }
    for (String id : arguments.operands()) {
      requests.add(selected(verb, arguments).put("id", id));
    }
    long done = 0;
    long later = 0;
    long skipped = 0;
    List<String> notFound = new ArrayList<>();
    try (ControlClient client = configuration.connect(arguments)) {
      for (ObjectNode request : requests) {
        JsonNode answer = client.ask(request);
        done += answer.path("recipients").asLong(0);
        later += answer.path("later").asLong(0);
        skipped += answer.path("skipped").asLong(0);
        if (answer.path("recipients").asLong(0)
                + answer.path("later").asLong(0)
                + answer.path("skipped").asLong(0)
            == 0) {
          notFound.add(nothingMatches(request));
        }
      }
    }
    StringBuilder text = new StringBuilder(verb + ": " + CountText.of(done, "recipient"));
    if (later > 0) {
      text.append(", and ").append(later).append(" more when the present delivery has ended");
    }
    if (skipped > 0) {
      text.append("; ").append(skipped).append(" not changed: the command does not apply to them");
    }
    if (done + later + skipped > 0) {
      process.out().println(text);
    }
    notFound.forEach(sentence -> process.err().println("sealwax: " + sentence));
    return done + later > 0 && notFound.isEmpty() ? ExitStatus.OK : ExitStatus.WARNINGS;
  }

  /** For a selection without a recipient: what it was. */
  private static String nothingMatches(ObjectNode request) {
    if (request.has("id")) {
      return "there is no message "
          + Printable.of(request.path("id").asString(""))
          + " in the queue";
    }
    List<String> options = new ArrayList<>();
    for (String option : SELECTING) {
      if (request.has(option)) {
        options.add("--" + option + " " + Printable.of(request.path(option).asString("")));
      }
    }
    return options.isEmpty()
        ? "the queue is empty"
        : "no recipient in the queue matches " + String.join(" ", options);
  }

  /** Prints the queue. */
  int list(Arguments arguments) throws IOException {
    Optional<String> by = arguments.value("--by");
    if (by.isPresent()) {
      if (!by.get().equals("cause")) {
        throw new Arguments.UsageError("--by: the only word is cause");
      }
      ObjectNode request = selected("causes", arguments);
      return configuration.show(arguments, request, answer -> causes(answer, request));
    }
    ObjectNode request = selected("list", arguments);
    return configuration.show(arguments, request, answer -> list(answer, request, arguments));
  }

  private void causes(JsonNode answer, ObjectNode request) {
    if (answer.isEmpty()) {
      boolean all = SELECTING.stream().noneMatch(request::has);
      process
          .out()
          .println(all ? "no recipient waits for another attempt" : nothingMatches(request));
    }
    for (JsonNode cause : answer) {
      process
          .out()
          .println(
              fill("{recipients} {cause} at {next_hop}, the oldest from {oldest}", cause)
                  + optional(": {explanation}", cause));
    }
  }

  private void list(JsonNode answer, ObjectNode request, Arguments arguments) throws IOException {
    PrintStream out = process.out();
    if (answer.path("messages").isEmpty()) {
      out.println(nothingMatches(request));
      return;
    }
    for (JsonNode message : answer.path("messages")) {
      out.println(head(message));
      message.path("recipients").forEach(r -> out.println("  " + recipient(r)));
    }
    if (answer.path("more").asBoolean(false)) {
      out.println("... more messages exist: use --limit");
    }
    out.println();
    for (JsonNode reason : configuration.ask(arguments, ControlClient.request("reasons"))) {
      out.println(
          fill("{groups} {state}", reason)
              + optional(": {reason}", reason)
              + fill(", oldest arrived {oldest}", reason));
    }
  }

  private static String head(JsonNode message) {
    return fill("{id}  {arrived}  {size} bytes  from <{sender}>", message);
  }

  private static String recipient(JsonNode r) {
    return fill("<{to}>  {state}", r)
        + optional(": {reason} ({text})", r)
        + optional("  next {due}", r);
  }

  private static String tls(JsonNode session) {
    String tls = optional(", {tls}", session);
    return tls.isEmpty() ? ", in plaintext" : tls;
  }

  private static String checks(JsonNode session) {
    StringBuilder out = new StringBuilder();
    JsonNode found = session.path("sender_checks");
    for (String name : List.of("spf", "dkim", "dmarc", "header_from", "policy")) {
      out.append(optional(", " + name + "={" + name + "}", found));
    }
    return out.toString();
  }

  private int show(Arguments arguments) throws IOException {
    return configuration.show(
        arguments,
        ControlClient.request("show").put("id", arguments.operand()),
        answer -> {
          PrintStream out = process.out();
          out.println(head(answer));
          out.println(fill("  came from {origin}", answer) + tls(answer) + checks(answer));
          answer.path("recipients").forEach(r -> out.println("  " + recipient(r)));
          out.println();
          answer.path("header").asString("").lines().forEach(l -> out.println(Printable.of(l)));
        });
  }

  private int trace(Arguments arguments) throws IOException {
    return configuration.show(
        arguments,
        ControlClient.request("trace").put("id", arguments.operand()),
        answer -> {
          PrintStream out = process.out();
          JsonNode a = answer.path("arrival");
          if (!a.isMissingNode()) {
            out.println(
                fill("{at}  accepted from {origin}, {size} bytes, sender <{sender}>", a)
                    + tls(a)
                    + checks(a));
          }
          answer.path("stations").forEach(s -> out.println(traceEntry(s)));
          answer.path("waiting").forEach(r -> out.println("waiting  " + recipient(r)));
        });
  }

  private static String traceEntry(JsonNode s) {
    StringBuilder out = new StringBuilder(fill("{at}  {what} <{to}>", s));
    for (String field : List.of("host", "tls", "reason", "status", "text", "reply")) {
      out.append(optional(", " + field + " {" + field + "}", s));
    }
    return out.toString();
  }
}

package org.sealwax.router.control;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Machine;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.Settings;
import org.sealwax.router.control.ControlServer.Json;
import org.sealwax.router.control.ControlServer.Refusal;
import org.sealwax.router.ledger.LiveLedger;
import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.Journey;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.queue.QueueControl;
import org.sealwax.router.queue.QueueFilter;
import org.sealwax.router.queue.QueueRow;
import org.sealwax.router.queue.QueueView;
import org.sealwax.router.queue.Station;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.ShareCount;
import org.sealwax.router.spool.ShareKey;
import org.sealwax.router.spool.ShareState;
import org.sealwax.router.spool.Spool;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Answers what people ask through the control socket: the queue, traces, reload, backup. */
public final class Desk implements ControlServer.Desk {
  /** Rows of one listing at most. */
  static final int MOST_ROWS = 10_000;

  /** Domains of one message that are explained at once: each may cost look-ups and connections. */
  static final int MOST_DESTINATIONS = 20;

  /** What a reload does; the answer is for a person. */
  @FunctionalInterface
  public interface Reloading {
    /**
     * Reads the configuration again and puts it in force.
     *
     * @throws Refusal when it is wrong, with the whole report
     */
    String reload() throws Refusal;
  }

  private final Spool spool;
  private final QueueView view;
  private final QueueControl orders;
  private final Supplier<Explainer> explainers;
  private final Clock clock;
  private final Reloading reloading;
  private final LedgerDesk policy;

  public Desk(
      Queue queue,
      Spool spool,
      Reloading reloading,
      Supplier<LiveLedger> ledger,
      Supplier<Explainer> explainers,
      SteadyClock clock) {
    this.policy = new LedgerDesk(ledger, clock::confirm);
    this.explainers = explainers;
    this.clock = clock;
    this.spool = spool;
    this.view = new QueueView(queue);
    this.orders = new QueueControl(queue);
    this.reloading = reloading;
  }

  @Override
  public JsonNode answer(JsonNode request) throws Refusal {
    String what = request.path("do").asString("");
    try {
      return switch (what) {
        case "list" -> list(request);
        case "count" -> Json.MAPPER.createObjectNode().put("recipients", count(request));
        case "reasons" -> reasons();
        case "show" -> show(id(request));
        case "trace" -> trace(id(request));
        case "hold", "release", "retry", "bounce", "delete" -> order(what, request);
        case "explain" -> explain(request);
        case "what-if" -> whatIf(request);
        case "reload" -> Json.MAPPER.createObjectNode().put("text", reloading.reload());
        case "backup" -> backup(request.path("folder").asString(""));
        case "policy" -> policy.answer(request);
        default -> throw new Refusal("the server does not know \"" + what + "\"; is it older?");
      };
    } catch (IOException e) {
      throw new Refusal("the store has trouble: " + e.getMessage());
    }
  }

  private static QueueId id(JsonNode request) throws Refusal {
    String text = request.path("id").asString("");
    try {
      return new QueueId(text);
    } catch (IllegalArgumentException e) {
      throw new Refusal("\"" + text + "\" is no identifier of a message");
    }
  }

  private static Optional<String> text(JsonNode request, String field) throws Refusal {
    JsonNode value = request.path(field);
    if (!value.isString() && !value.isMissingNode() && !value.isNull()) {
      // Passed over, it would make an order on some of the queue one on more of it.
      throw new Refusal("\"" + field + "\" must be a text");
    }
    return value.isString() ? Optional.of(value.asString()) : Optional.empty();
  }

  private static QueueFilter filter(JsonNode request) throws Refusal {
    Optional<QueueId> id = request.has("id") ? Optional.of(id(request)) : Optional.empty();
    Optional<String> domainText = text(request, "domain");
    Optional<Domain> domain = domainText.flatMap(Domain::parse);
    if (domainText.isPresent() && domain.isEmpty()) {
      throw new Refusal("\"" + domainText.get() + "\" is no domain");
    }
    return new QueueFilter(
        id,
        domain,
        text(request, "sender").map(s -> s.equals("<>") ? "" : s),
        Optional.empty(),
        text(request, "reason"),
        state(request));
  }

  private static Optional<ShareState> state(JsonNode request) throws Refusal {
    Optional<String> word = text(request, "state");
    if (word.isEmpty()) {
      return Optional.empty();
    }
    for (ShareState state : ShareState.values()) {
      if (word(state).equals(word.get())) {
        return Optional.of(state);
      }
    }
    throw new Refusal(
        "no state \""
            + word.get()
            + "\": "
            + String.join(", ", Stream.of(ShareState.values()).map(Desk::word).toList()));
  }

  private long count(JsonNode request) throws IOException, Refusal {
    QueueFilter filter = filter(request);
    if (filter.equals(QueueFilter.all())) {
      long waiting = view.counts().stream().mapToLong(ShareCount::shares).sum();
      return waiting + view.figures().fresh();
    }
    long count = 0;
    ShareKey after = null;
    do {
      QueueView.Page page = view.list(filter, after, QueueView.MOST_ROWS);
      count += page.rows().size();
      after = page.next();
    } while (after != null);
    return count;
  }

  private ArrayNode reasons() throws IOException {
    ArrayNode out = Json.MAPPER.createArrayNode();
    for (ShareCount c : view.counts()) {
      out.addObject()
          .put("state", word(c.state()))
          .put("reason", c.reason())
          .put("groups", c.shares())
          .put("oldest", c.oldest().toString());
    }
    return out;
  }

  private static String word(Enum<?> e) {
    return e.name().toLowerCase(Locale.ROOT);
  }

  private ObjectNode list(JsonNode request) throws IOException, Refusal {
    int limit = Math.clamp(request.path("limit").asInt(100), 1, MOST_ROWS);
    QueueFilter filter = filter(request);
    List<QueueRow> rows = new ArrayList<>();
    ShareKey after = null;
    do {
      QueueView.Page page =
          view.list(filter, after, Math.min(limit - rows.size(), QueueView.MOST_ROWS));
      rows.addAll(page.rows());
      after = page.next();
    } while (after != null && rows.size() < limit);
    ObjectNode out = Json.MAPPER.createObjectNode();
    out.put("more", after != null);
    out.set("messages", byMessage(rows));
    return out;
  }

  private static ArrayNode byMessage(List<QueueRow> rows) {
    ArrayNode out = Json.MAPPER.createArrayNode();
    ObjectNode message = null;
    String known = "";
    for (QueueRow row : rows) {
      String id = row.id().toString();
      if (message == null || !id.equals(known)) {
        known = id;
        message = out.addObject();
        message.put("id", id);
        message.put("arrived", row.arrived().toString());
        message.put("size", row.size());
        message.put("sender", row.sender());
        message.putArray("recipients");
      }
      recipient(row, ((ArrayNode) message.path("recipients")).addObject());
    }
    return out;
  }

  private static void recipient(QueueRow row, ObjectNode out) {
    out.put("to", row.recipient());
    if (!row.original().equals(row.recipient())) {
      out.put("original", row.original());
    }
    out.put("state", word(row.state()));
    out.put("next_hop", row.nextHop());
    out.put("rounds", row.rounds());
    Instant due = row.due();
    if (due != null) {
      out.put("due", due.toString());
    }
    Cause last = row.last();
    if (last != null) {
      out.put("reason", last.reason());
      out.put("status", last.status().toString());
      out.put("text", last.text());
    }
  }

  private ObjectNode show(QueueId id) throws IOException, Refusal {
    QueueView.Message message =
        view.show(id).orElseThrow(() -> new Refusal("there is no message " + id + " in the queue"));
    ObjectNode out = Json.MAPPER.createObjectNode();
    out.put("id", id.toString());
    out.put("arrived", message.arrived().toString());
    out.put("size", message.size());
    out.put("sender", message.envelope().sender().toString());
    out.put("origin", message.envelope().origin());
    out.put("tls", message.envelope().tls());
    ArrayNode recipients = out.putArray("recipients");
    view.list(QueueFilter.of(id), null, QueueView.MOST_ROWS)
        .rows()
        .forEach(row -> recipient(row, recipients.addObject()));
    return out.put("header", message.header());
  }

  private ObjectNode trace(QueueId id) throws IOException, Refusal {
    Journey journey = view.trace(id);
    if (journey.isUnknown()) {
      throw new Refusal("nothing is remembered of " + id);
    }
    ObjectNode out = Json.MAPPER.createObjectNode();
    out.put("id", id.toString());
    journey.arrival().ifPresent(a -> arrival(a, out.putObject("arrival")));
    ArrayNode stations = out.putArray("stations");
    for (Station station : journey.stations()) {
      for (Station.Line line : station.lines()) {
        station(station, line, stations.addObject());
      }
    }
    ArrayNode waiting = out.putArray("waiting");
    journey.waiting().forEach(row -> recipient(row, waiting.addObject()));
    return out;
  }

  private static void arrival(Station.Arrival a, ObjectNode out) {
    out.put("at", a.at().toString());
    out.put("sender", a.sender());
    out.put("origin", a.origin());
    out.put("tls", a.tls());
    out.put("size", a.size());
    out.put("recipients", a.recipients());
  }

  private static void station(Station station, Station.Line line, ObjectNode out) {
    out.put("at", station.at().toString());
    out.put("round", station.round());
    out.put("to", line.to());
    out.put("what", word(line.what()));
    put(out, "reason", line.reason());
    put(out, "status", line.status());
    put(out, "text", line.text());
    put(out, "host", line.host());
    put(out, "tls", line.tls());
    put(out, "reply", line.reply());
  }

  private static void put(ObjectNode out, String name, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      out.put(name, value);
    }
  }

  private ObjectNode order(String what, JsonNode request) throws IOException, Refusal {
    QueueFilter filter = filter(request);
    if (filter.equals(QueueFilter.all()) && !request.path("all").asBoolean(false)) {
      throw new Refusal(
          "say which: an identifier, --domain, --sender, --reason, --state, or --all");
    }
    QueueControl.Count count =
        switch (what) {
          case "hold" -> orders.hold(filter);
          case "release" -> orders.release(filter);
          case "retry" -> orders.retry(filter);
          case "bounce" -> orders.bounce(filter);
          default -> orders.delete(filter);
        };
    return Json.MAPPER
        .createObjectNode()
        .put("recipients", count.recipients())
        .put("later", count.later())
        .put("skipped", count.skipped());
  }

  /** About the destinations of a queued message, or about one domain. */
  private ObjectNode explain(JsonNode request) throws IOException, Refusal {
    if (!request.has("id")) {
      return explain(explainers.get(), request, clock.civil());
    }
    QueueId id = id(request);
    QueueView.Message message =
        view.show(id).orElseThrow(() -> new Refusal("there is no message " + id + " in the queue"));
    Set<String> destinations = new LinkedHashSet<>();
    view.list(QueueFilter.of(id), null, QueueView.MOST_ROWS)
        .rows()
        .forEach(row -> destinations.add(domainOf(row.recipient())));
    if (destinations.size() > MOST_DESTINATIONS) {
      throw new Refusal(
          "the message goes to " + destinations.size() + " domains; ask about one of them");
    }
    List<ObjectNode> answers = new ArrayList<>();
    for (String destination : destinations) {
      answers.add(
          about(
              explainers.get(),
              destination,
              message.envelope().options().tls(),
              request,
              clock.civil()));
    }
    return Explainer.all(answers);
  }

  /** Another configuration, whose text comes with the question, against the one in force. */
  private ObjectNode whatIf(JsonNode request) throws IOException, Refusal {
    Explainer explainer = explainers.get();
    Settings now = explainer.settings();
    String name = text(request, "file").orElse("");
    Path parent = name.indexOf('\0') < 0 ? Path.of(name).getParent() : null;
    if (parent == null || !parent.isAbsolute()) {
      throw new Refusal("the server needs the absolute path of the other configuration");
    }
    Configuration then =
        Configuration.parse(
            text(request, "text").orElse(""),
            parent,
            name,
            new Machine(now.server().hostname(), now.server().state()));
    return switch (then) {
      case Configuration.Broken b -> throw new Refusal(b.report());
      case Configuration.Sound s -> explainer.whatIf(s.settings()).tell(view, clock.civil());
    };
  }

  private static String domainOf(String mailbox) {
    return mailbox.substring(mailbox.lastIndexOf('@') + 1);
  }

  /** About one domain, with or without a running server. */
  public static ObjectNode explain(Explainer explainer, JsonNode request, Instant now)
      throws Refusal {
    return Explainer.all(
        List.of(
            about(
                explainer,
                request.path("domain").asString(""),
                MailOptions.Tls.UNSPECIFIED,
                request,
                now)));
  }

  private static ObjectNode about(
      Explainer explainer, String text, MailOptions.Tls tls, JsonNode request, Instant now)
      throws Refusal {
    Domain domain =
        Domain.parse(text).orElseThrow(() -> new Refusal("\"" + text + "\" is no domain"));
    try {
      return explainer.about(domain, tls, request.path("probe").asBoolean(false), now);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal("the server is going down");
    }
  }

  private ObjectNode backup(String folder) throws IOException, Refusal {
    Path path = folder.indexOf('\0') < 0 ? Path.of(folder) : Path.of("");
    if (!path.isAbsolute()) {
      throw new Refusal("the server needs an absolute path for a backup");
    }
    spool.backup(path);
    return Json.MAPPER.createObjectNode().put("folder", folder);
  }
}

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
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.router.certs.StatusItem;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.MessageTrace;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.queue.QueueControl;
import org.sealwax.router.queue.QueueFilter;
import org.sealwax.router.queue.QueueRow;
import org.sealwax.router.queue.QueueView;
import org.sealwax.router.queue.RefusalClass;
import org.sealwax.router.queue.TraceEntry;
import org.sealwax.router.spool.BatchCount;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.Spool;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Answers requests through the control socket: the queue, traces, reload, backup. */
public final class ControlService implements ControlServer.ControlHandler {
  /** Rows of one listing at most. */
  static final int MOST_ROWS = 10_000;

  /**
   * Domains of one message that are explained in one reply: each may cost look-ups and connections.
   */
  static final int MOST_DESTINATIONS = 20;

  /** The action of a reload. */
  @FunctionalInterface
  public interface ReloadAction {
    /**
     * Reads the configuration again and puts it in force.
     *
     * @param forced certificates are loaded without the guard
     * @throws ControlRequestRefused when it is wrong, with the whole report
     */
    ReloadReport reload(boolean forced) throws ControlRequestRefused;
  }

  private final Spool spool;
  private final QueueView view;
  private final QueueControl orders;
  private final Supplier<Explainer> explainers;
  private final Clock clock;
  private final ReloadAction reloading;
  private final Spool.BackupPart otherStores;
  private final LedgerControlService policy;
  private final RolloverControlService rollover;
  private final Supplier<List<StatusItem.Source>> status;

  public ControlService(
      Queue queue,
      Spool spool,
      Spool.BackupPart otherStores,
      ReloadAction reloading,
      Supplier<PersistentLedger> ledger,
      Supplier<Explainer> explainers,
      RolloverControlService rollover,
      Supplier<List<StatusItem.Source>> status,
      SteadyClock clock) {
    this.rollover = rollover;
    this.status = status;
    this.policy = new LedgerControlService(ledger, clock::confirm);
    this.explainers = explainers;
    this.clock = clock;
    this.spool = spool;
    this.view = new QueueView(queue);
    this.orders = new QueueControl(queue);
    this.reloading = reloading;
    this.otherStores = otherStores;
  }

  @Override
  public JsonNode answer(JsonNode request) throws ControlRequestRefused {
    String what = request.path("do").asString("");
    try {
      return switch (what) {
        case "list" -> list(request);
        case "count" -> Json.object().put("recipients", count(request));
        case "reasons" -> reasons();
        case "causes" -> causes(request);
        case "show" -> show(id(request));
        case "trace" -> trace(id(request));
        case "hold", "release", "retry", "bounce", "delete" -> order(what, request);
        case "explain" -> explain(request);
        case "what-if" -> whatIf(request);
        case "reload" -> reload(request.path("forced").asBoolean(false));
        case "status" -> status();
        case "backup" -> backup(request.path("folder").asString(""));
        case "policy" -> policy.answer(request);
        case "rollover" -> rollover.answer(request);
        case "keys" -> rollover.keys(request);
        default ->
            throw new ControlRequestRefused(
                "the server does not support \"" + what + "\"; it may be an older version");
      };
    } catch (ControlRequestRefused e) {
      throw e;
    } catch (IOException e) {
      throw new ControlRequestRefused("error of the store: " + FailureText.of(e));
    }
  }

  private ObjectNode status() throws ControlRequestRefused {
    try {
      return StatusReport.of(true, status.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ControlRequestRefused("the server is shutting down");
    }
  }

  private ObjectNode reload(boolean forced) throws ControlRequestRefused {
    ReloadReport report = reloading.reload(forced);
    ObjectNode answer = Json.object().put("text", report.text());
    ArrayNode refused = answer.putArray("refused");
    report.refused().forEach(refused::add);
    return answer;
  }

  private static QueueId id(JsonNode request) throws ControlRequestRefused {
    String text = request.path("id").asString("");
    try {
      return new QueueId(text);
    } catch (IllegalArgumentException e) {
      throw new ControlRequestRefused("\"" + text + "\" is not a queue id");
    }
  }

  private static Optional<String> text(JsonNode request, String field)
      throws ControlRequestRefused {
    JsonNode value = request.path(field);
    if (!value.isString() && !value.isMissingNode() && !value.isNull()) {
      // Passed over, it would make an order on some of the queue one on more of it.
      throw new ControlRequestRefused("\"" + field + "\" must be a text");
    }
    return value.isString() ? Optional.of(value.asString()) : Optional.empty();
  }

  private static QueueFilter filter(JsonNode request) throws ControlRequestRefused {
    Optional<QueueId> id = request.has("id") ? Optional.of(id(request)) : Optional.empty();
    Optional<String> domainText = text(request, "domain");
    Optional<Domain> domain =
        domainText.isEmpty() ? Optional.empty() : Optional.of(DomainOperand.of(domainText.get()));
    return new QueueFilter(
        id,
        domain,
        text(request, "sender").map(s -> s.equals("<>") ? "" : s),
        Optional.empty(),
        text(request, "reason"),
        state(request));
  }

  private static Optional<BatchState> state(JsonNode request) throws ControlRequestRefused {
    Optional<String> word = text(request, "state");
    if (word.isEmpty()) {
      return Optional.empty();
    }
    for (BatchState state : BatchState.values()) {
      if (word(state).equals(word.get())) {
        return Optional.of(state);
      }
    }
    // Provisional ones exist while their client waits.
    throw new ControlRequestRefused(
        "there is no state \""
            + word.get()
            + "\"; the states are "
            + String.join(
                ", ",
                Stream.of(BatchState.values())
                    .filter(s -> s != BatchState.PROVISIONAL)
                    .map(ControlService::word)
                    .toList()));
  }

  private long count(JsonNode request) throws IOException {
    QueueFilter filter = filter(request);
    if (filter.equals(QueueFilter.all())) {
      long waiting = view.counts().stream().mapToLong(BatchCount::batches).sum();
      return waiting + view.figures().fresh();
    }
    long count = 0;
    BatchKey after = null;
    do {
      QueueView.QueuePage page = view.list(filter, after, QueueView.MOST_ROWS);
      count += page.rows().size();
      after = page.next();
    } while (after != null);
    return count;
  }

  private ArrayNode reasons() throws IOException {
    ArrayNode out = Json.array();
    for (BatchCount c : view.counts()) {
      out.addObject()
          .put("state", word(c.state()))
          .put("reason", c.reason())
          .put("groups", c.batches())
          .put("oldest", c.oldest().toString());
    }
    return out;
  }

  /** Recipients that wait or are held, by the class of the last reply and the next hop. */
  private ArrayNode causes(JsonNode request) throws IOException {
    ArrayNode out = Json.array();
    for (QueueView.CauseCount c : view.causes(filter(request))) {
      out.addObject()
          .put("cause", c.cause())
          .put("next_hop", c.nextHop())
          .put("recipients", c.recipients())
          .put("explanation", c.explanation())
          .put("oldest", c.oldest().toString());
    }
    return out;
  }

  private static String word(Enum<?> e) {
    return e.name().toLowerCase(Locale.ROOT);
  }

  private ObjectNode list(JsonNode request) throws IOException {
    int limit = Math.clamp(request.path("limit").asInt(100), 1, MOST_ROWS);
    QueueFilter filter = filter(request);
    List<QueueRow> rows = new ArrayList<>();
    BatchKey after = null;
    do {
      QueueView.QueuePage page =
          view.list(filter, after, Math.min(limit - rows.size(), QueueView.MOST_ROWS));
      rows.addAll(page.rows());
      after = page.next();
    } while (after != null && rows.size() < limit);
    ObjectNode out = Json.object();
    out.put("more", after != null);
    out.set("messages", byMessage(rows));
    return out;
  }

  private static ArrayNode byMessage(List<QueueRow> rows) {
    ArrayNode out = Json.array();
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
        message.put("sender", AddressLiteral.shortened(row.batch().sender()));
        message.putArray("recipients");
      }
      recipient(row, ((ArrayNode) message.path("recipients")).addObject());
    }
    return out;
  }

  private static void recipient(QueueRow row, ObjectNode out) {
    String to = row.recipient().target().toString();
    String original = row.recipient().original().toString();
    out.put("to", to);
    if (!original.equals(to)) {
      out.put("original", original);
    }
    out.put("state", word(row.batch().state()));
    out.put("next_hop", row.nextHop());
    out.put("rounds", row.rounds());
    Explainer.add(out, "due", row.batch().due());
    FailureCause last = row.recipient().last();
    if (last != null) {
      out.put("reason", last.reason());
      out.put("status", last.status().toString());
      if (last.reply() != null) {
        out.put("cause", RefusalClass.of(last.reply()).word());
      }
      out.put("text", last.text());
    }
  }

  private QueueView.QueuedMessage message(QueueId id) throws IOException {
    return view.message(id)
        .orElseThrow(
            () -> new ControlRequestRefused("there is no message " + id + " in the queue"));
  }

  private ObjectNode show(QueueId id) throws IOException {
    QueueView.QueuedMessage message = message(id);
    ObjectNode out = Json.object();
    out.put("id", id.toString());
    out.put("arrived", message.arrived().toString());
    out.put("size", message.size());
    out.put("sender", message.envelope().sender().toString());
    out.put("origin", message.envelope().origin());
    out.put("tls", message.envelope().tls());
    checks(message.envelope().checks(), out);
    ArrayNode recipients = out.putArray("recipients");
    view.list(QueueFilter.of(id), null, QueueView.MOST_ROWS)
        .rows()
        .forEach(row -> recipient(row, recipients.addObject()));
    return out.put("header", message.header());
  }

  private ObjectNode trace(QueueId id) throws IOException {
    MessageTrace trace = view.trace(id);
    if (trace.isUnknown()) {
      throw new ControlRequestRefused("there is no record of message " + id);
    }
    ObjectNode out = Json.object();
    out.put("id", id.toString());
    trace.arrival().ifPresent(a -> arrival(a, out.putObject("arrival")));
    ArrayNode stations = out.putArray("stations");
    for (TraceEntry entry : trace.entries()) {
      for (TraceEntry.RecipientTrace recipientTrace : entry.lines()) {
        station(entry, recipientTrace, stations.addObject());
      }
    }
    ArrayNode waiting = out.putArray("waiting");
    trace.waiting().forEach(row -> recipient(row, waiting.addObject()));
    return out;
  }

  private static void arrival(TraceEntry.MessageArrival a, ObjectNode out) {
    out.put("at", a.at().toString());
    out.put("sender", AddressLiteral.shortened(a.sender()));
    out.put("origin", a.origin());
    out.put("tls", a.tls());
    checks(a.checks(), out);
    out.put("size", a.size());
    out.put("recipients", a.recipients());
  }

  /** A member for each result; none when the sender was not checked. */
  private static void checks(String line, ObjectNode out) {
    if (!line.isEmpty()) {
      ObjectNode checks = out.putObject("sender_checks");
      for (String result : line.split(" ")) {
        int end = result.indexOf('=');
        checks.put(result.substring(0, Math.max(end, 0)), result.substring(end + 1));
      }
    }
  }

  private static void station(TraceEntry entry, TraceEntry.RecipientTrace trace, ObjectNode out) {
    out.put("at", entry.at().toString());
    out.put("round", entry.round());
    out.put("to", trace.to());
    out.put("what", word(trace.what()));
    Explainer.add(out, "reason", trace.reason());
    Explainer.add(out, "status", trace.status());
    Explainer.add(out, "text", trace.text());
    Explainer.add(out, "host", trace.host());
    Explainer.add(out, "tls", trace.tls());
    Explainer.add(out, "reply", trace.reply());
  }

  private ObjectNode order(String what, JsonNode request) throws IOException {
    QueueFilter filter = filter(request);
    if (filter.equals(QueueFilter.all()) && !request.path("all").asBoolean(false)) {
      throw new ControlRequestRefused(
          "select messages by a queue id, --domain, --sender, --reason, --state, or --all");
    }
    QueueControl.OperationResult count =
        orders.order(QueueControl.Order.valueOf(what.toUpperCase(Locale.ROOT)), filter);
    return Json.object()
        .put("recipients", count.recipients())
        .put("later", count.later())
        .put("skipped", count.skipped());
  }

  /** About the destinations of a queued message, or about one domain. */
  private ObjectNode explain(JsonNode request) throws IOException {
    if (!request.has("id")) {
      return explain(explainers.get(), request, clock.civilTime());
    }
    QueueId id = id(request);
    QueueView.QueuedMessage message = message(id);
    Set<String> destinations = new LinkedHashSet<>();
    view.list(QueueFilter.of(id), null, QueueView.MOST_ROWS)
        .rows()
        .forEach(row -> destinations.add(domainOf(row.recipient().target().toString())));
    if (destinations.size() > MOST_DESTINATIONS) {
      throw new ControlRequestRefused(
          "the message goes to " + destinations.size() + " domains; name one of them");
    }
    List<ObjectNode> answers = new ArrayList<>();
    for (String destination : destinations) {
      answers.add(
          explanation(
              explainers.get(),
              destination,
              message.envelope().options().tls(),
              request,
              clock.civilTime()));
    }
    return Explainer.all(answers);
  }

  /** Compares the configuration whose text is in the request with the one in force. */
  private ObjectNode whatIf(JsonNode request) throws IOException {
    Explainer explainer = explainers.get();
    RouterSettings now = explainer.settings();
    String name = text(request, "file").orElse("");
    Path parent = name.indexOf('\0') < 0 ? Path.of(name).getParent() : null;
    if (parent == null || !parent.isAbsolute()) {
      throw new ControlRequestRefused(
          "the server needs the absolute path of the other configuration");
    }
    Configuration then =
        Configuration.parse(
            text(request, "text").orElse(""),
            parent,
            name,
            new MachineDefaults(now.server().hostname(), now.server().state()));
    return switch (then) {
      case Configuration.InvalidConfiguration b -> throw new ControlRequestRefused(b.report());
      case Configuration.ValidConfiguration s ->
          explainer.whatIf(s.settings()).report(view, clock.civilTime());
    };
  }

  private static String domainOf(String mailbox) {
    return mailbox.substring(mailbox.lastIndexOf('@') + 1);
  }

  /** About one domain, with or without a running server. */
  public static ObjectNode explain(Explainer explainer, JsonNode request, Instant now)
      throws ControlRequestRefused {
    return Explainer.all(
        List.of(
            explanation(
                explainer,
                request.path("domain").asString(""),
                MailOptions.TlsOption.UNSPECIFIED,
                request,
                now)));
  }

  private static ObjectNode explanation(
      Explainer explainer, String text, MailOptions.TlsOption tls, JsonNode request, Instant now)
      throws ControlRequestRefused {
    Domain domain = DomainOperand.of(text);
    try {
      return explainer.explanation(domain, tls, request.path("probe").asBoolean(false), now);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ControlRequestRefused("the server is shutting down");
    }
  }

  private ObjectNode backup(String folder) throws IOException {
    Path path = folder.indexOf('\0') < 0 ? Path.of(folder) : Path.of("");
    if (!path.isAbsolute()) {
      throw new ControlRequestRefused("the server needs an absolute path for a backup");
    }
    spool.backup(path, otherStores);
    return Json.object().put("folder", folder);
  }
}

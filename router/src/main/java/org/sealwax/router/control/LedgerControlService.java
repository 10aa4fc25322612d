package org.sealwax.router.control;

import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import org.sealwax.router.ledger.ActiveViolation;
import org.sealwax.router.ledger.DomainRecord;
import org.sealwax.router.ledger.HostRecord;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.ledger.ProvenLevel;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Answers requests about the ledger through the control socket. */
public final class LedgerControlService {
  /** Rows of one listing at most. */
  static final int MOST_ROWS = 10_000;

  private static final int PAGE = 1_000;

  private final Supplier<PersistentLedger> ledger;

  private final Runnable confirmClock;

  /**
   * Answers.
   *
   * @param confirmClock believes the machine's clock
   */
  public LedgerControlService(Supplier<PersistentLedger> ledger, Runnable confirmClock) {
    this.ledger = ledger;
    this.confirmClock = confirmClock;
  }

  public JsonNode answer(JsonNode request) throws IOException {
    String verb = request.path("verb").asString("");
    return switch (verb) {
      case "list" -> list(request);
      case "show" -> show(domain(request));
      case "accept" -> accept(request);
      case "forget" -> forget(domain(request));
      default ->
          throw new ControlRequestRefused("the server does not support policy \"" + verb + "\"");
    };
  }

  private static Domain domain(JsonNode request) throws ControlRequestRefused {
    return DomainOperand.of(request.path("domain").asString(""));
  }

  private JsonNode list(JsonNode request) throws IOException {
    int limit = Math.clamp(request.path("limit").asInt(100), 1, MOST_ROWS);
    PersistentLedger.DomainFilter which =
        request.path("violations").asBoolean(false)
            ? PersistentLedger.DomainFilter.VIOLATED
            : request.path("all").asBoolean(false)
                ? PersistentLedger.DomainFilter.ALL
                : PersistentLedger.DomainFilter.WITH_LEVEL;
    ObjectNode out = Json.object();
    ArrayNode rows = out.putArray("domains");
    String after = "";
    boolean more;
    do {
      List<DomainRecord> page =
          ledger.get().page(which, after, Math.min(PAGE, limit - rows.size()));
      for (DomainRecord row : page) {
        brief(row, rows.addObject());
        after = row.domain().name();
      }
      more = !page.isEmpty() && !ledger.get().page(which, after, 1).isEmpty();
    } while (more && rows.size() < limit);
    out.put("more", more);
    out.put("clock_trusted", ledger.get().moment().trusted());
    return out;
  }

  private void brief(DomainRecord row, ObjectNode out) {
    out.put("domain", row.domain().name());
    DomainRecord.ReachedLevel reached = row.standing();
    out.put("level", reached == null ? "none" : reached.level().word());
    if (reached != null) {
      out.put("since", reached.since().toString());
      out.put("seen", reached.met().toString());
      out.put("falls_away", reached.met().plus(ledger.get().rules().settings().decay()).toString());
    }
    ledger.get().rules().activeViolation(row, ledger.get().moment()).ifPresent(a -> alarm(a, out));
  }

  private static void alarm(ActiveViolation violation, ObjectNode out) {
    ObjectNode to = out.putObject("violation");
    to.put("class", violation.what().word());
    to.put("since", violation.since().toString());
    if (violation.accepts() == null) {
      to.putNull("accepts");
    } else {
      to.put("accepts", violation.accepts().toString());
    }
    to.put("text", violation.text());
  }

  private ObjectNode show(Domain domain) throws ControlRequestRefused {
    DomainRecord row =
        ledger
            .get()
            .domainRecord(domain)
            .orElseThrow(() -> new ControlRequestRefused("the ledger has no record of " + domain));
    ObjectNode out = Json.object();
    brief(row, out);
    MxFilter filter = ledger.get().rules().filter(row);
    out.put("first", row.first().toString());
    out.put("last", row.last().toString());
    ArrayNode hosts = out.putArray("hosts");
    row.hosts().keySet().stream()
        .sorted()
        .forEach(
            name -> {
              ObjectNode host = hosts.addObject();
              host.put("host", name.name());
              host.put("mx", row.mx().contains(name));
              host.put("admitted", filter.admits(name));
              HostRecord of = row.hosts().get(name);
              if (of != null) {
                host(of, host);
              }
            });
    return out;
  }

  private static void host(HostRecord host, ObjectNode out) {
    out.put("first", host.first().toString());
    out.put("last", host.last().toString());
    ObjectNode shown = out.putObject("shown");
    for (ProvenLevel kind : ProvenLevel.values()) {
      HostRecord.Count count = host.counts().get(kind);
      if (count != null) {
        shown
            .putObject(kind.word())
            .put("sessions", count.sessions())
            .put("days", count.days().count());
      }
    }
    ArrayNode keys = out.putArray("keys");
    for (HostRecord.KeySpan span : host.keys()) {
      keys.addObject()
          .put("key", span.key().toString())
          .put("first", span.first().toString())
          .put("last", span.last().toString());
    }
    if (!host.history().isEmpty()) {
      var last = host.history().getLast();
      out.put("last_shown", last.level().word()).put("last_rung", last.step().word());
    }
  }

  private ObjectNode accept(JsonNode request) throws IOException {
    ObjectNode out = Json.object();
    if (request.path("clock").asBoolean(false)) {
      confirmClock.run();
      ledger.get().confirmClock();
      return out.put("text", "the clock is confirmed; holds start again");
    }
    Domain domain = domain(request);
    String text =
        ledger
            .get()
            .accept(domain)
            .orElseThrow(
                () ->
                    new ControlRequestRefused(
                        domain + " shows its level or has none; there is nothing to accept"));
    return out.put("text", domain + " " + text);
  }

  private ObjectNode forget(Domain domain) throws IOException {
    if (!ledger.get().forget(domain)) {
      throw new ControlRequestRefused("the ledger has no record of " + domain);
    }
    return Json.object()
        .put(
            "text",
            domain + " is removed from the ledger; the next session counts as first contact");
  }
}

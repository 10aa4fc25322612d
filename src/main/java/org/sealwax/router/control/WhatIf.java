package org.sealwax.router.control;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.config.Settings;
import org.sealwax.router.control.ControlServer.Json;
import org.sealwax.router.control.WhatIfSide.Fate;
import org.sealwax.router.control.WhatIfSide.Kind;
import org.sealwax.router.ledger.DomainRow;
import org.sealwax.router.ledger.LiveLedger;
import org.sealwax.router.ledger.Replay;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.QueueFilter;
import org.sealwax.router.queue.QueueRow;
import org.sealwax.router.queue.QueueView;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.ShareKey;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What another configuration would have done with the connections that the ledger remembers,
 * against the configuration in force: the domains and queued messages that would have been delayed
 * or gone clear. Reads and sends nothing, and changes nothing.
 */
public final class WhatIf {
  /** Domains that are told one by one: more than a person reads; all are counted. */
  static final int MOST_DOMAINS = 1_000;

  /** Queued messages that are told one by one. */
  static final int MOST_MESSAGES = 1_000;

  /** Queued recipients that are looked at: a few seconds of the store. */
  static final int MOST_LOOKED_AT = 100_000;

  private final Settings now;
  private final Settings then;
  private final LiveLedger ledger;
  private final WhatIfSide before;
  private final WhatIfSide after;

  /** What changes for a domain, the worst first. */
  enum Change {
    /** What did not go in clear text, or only after the hold, would. */
    CLEAR,
    /** What was sent would wait. */
    DELAYED,
    /** What could be told, or went another way, cannot be told. */
    UNKNOWN,
    /** What waits or goes in clear text would pass, and nothing else changes. */
    BETTER;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Connections of one host that fared alike. */
  private record Difference(Domain host, Fate now, Fate then) {}

  private record Told(int connections, Instant last) {
    Told and(Told other) {
      return new Told(
          connections + other.connections, last.isAfter(other.last) ? last : other.last);
    }
  }

  /**
   * Over what is remembered now.
   *
   * @param now the configuration in force
   * @param then the other one
   * @param sts what is kept of MTA-STS
   */
  WhatIf(Settings now, Settings then, LiveLedger ledger, WhatIfSide.Kept sts) {
    this.now = now;
    this.then = then;
    this.ledger = ledger;
    this.before = new WhatIfSide(now, sts, ledger.moment());
    this.after = new WhatIfSide(then, sts, ledger.moment());
  }

  /**
   * The comparison.
   *
   * @param queue null where no server runs
   * @throws IOException when ledger or store cannot be read
   */
  public ObjectNode tell(@Nullable QueueView queue, Instant at) throws IOException {
    Sums sums = new Sums();
    ledger.each(LiveLedger.Which.ALL, row -> compare(row, sums));
    ObjectNode out = Json.MAPPER.createObjectNode();
    out.put("at", at.toString());
    out.put("remembered", sums.remembered);
    out.put("connections", sums.connections);
    for (Change change : Change.values()) {
      out.put(change.word(), sums.counts.getOrDefault(change, 0));
    }
    out.set("domains", sums.domains);
    out.put("more", sums.concerned.size() - sums.domains.size());
    if (queue != null) {
      messages(out, queue, sums.concerned);
    }
    ArrayNode unknown = out.putArray("not_known");
    notKnown(queue != null).forEach(unknown::add);
    return out;
  }

  private static final class Sums {
    private int remembered;
    private int connections;
    private final Map<Change, Integer> counts = new HashMap<>();
    private final Map<String, Set<Change>> concerned = new HashMap<>();
    private final ArrayNode domains = Json.MAPPER.createArrayNode();
  }

  private void compare(DomainRow row, Sums sums) {
    List<Replay.Line> lines = before.lines(row);
    List<Fate> is = before.fates(row, lines);
    List<Fate> would = after.fates(row, after.lines(row));
    sums.remembered++;
    sums.connections += lines.size();
    Set<Change> changes = EnumSet.noneOf(Change.class);
    Map<Difference, Told> differences = new LinkedHashMap<>();
    Map<Domain, Integer> perHost = new HashMap<>();
    for (int i = 0; i < lines.size(); i++) {
      Domain host = lines.get(i).host();
      perHost.merge(host, 1, Integer::sum);
      Optional<Change> change = change(is.get(i), would.get(i));
      if (change.isPresent()) {
        changes.add(change.get());
        differences.merge(
            new Difference(host, is.get(i), would.get(i)),
            new Told(1, lines.get(i).showing().at()),
            Told::and);
      }
    }
    if (changes.size() > 1) {
      changes.remove(Change.BETTER);
    }
    changes.forEach(c -> sums.counts.merge(c, 1, Integer::sum));
    if (changes.isEmpty() || changes.contains(Change.BETTER)) {
      return;
    }
    sums.concerned.put(row.domain().name(), changes);
    if (sums.domains.size() < MOST_DOMAINS) {
      ObjectNode out = sums.domains.addObject().put("domain", row.domain().name());
      words(changes, out);
      tell(out.putArray("differences"), differences, perHost);
    }
  }

  private static void words(Set<Change> changes, ObjectNode out) {
    ArrayNode words = out.putArray("changes");
    changes.stream().map(Change::word).forEach(words::add);
  }

  private static void tell(
      ArrayNode out, Map<Difference, Told> differences, Map<Domain, Integer> perHost) {
    differences.forEach(
        (d, told) ->
            out.addObject()
                .put("host", d.host().name())
                .put("now", d.now().text())
                .put("then", d.then().text())
                .put("connections", told.connections())
                .put("of", perHost.getOrDefault(d.host(), 0))
                .put("last", told.last().toString()));
  }

  /** What one connection's change is, if any; another reason to wait is none. */
  static Optional<Change> change(Fate is, Fate would) {
    Kind from = is.kind();
    Kind to = would.kind();
    if (to == Kind.UNKNOWN) {
      boolean same = from == Kind.UNKNOWN && is.why().equals(would.why());
      return same ? Optional.empty() : Optional.of(Change.UNKNOWN);
    }
    if (from == to) {
      return Optional.empty();
    }
    return switch (to) {
      case PASS -> from == Kind.UNKNOWN ? Optional.empty() : Optional.of(Change.BETTER);
      case CLEAR_AT_ONCE -> Optional.of(Change.CLEAR);
      case CLEAR_AFTER_HOLD ->
          Optional.of(from == Kind.CLEAR_AT_ONCE ? Change.DELAYED : Change.CLEAR);
      case WAIT -> Optional.of(Change.DELAYED);
      case UNKNOWN -> Optional.of(Change.UNKNOWN);
    };
  }

  private static void messages(ObjectNode out, QueueView queue, Map<String, Set<Change>> concerned)
      throws IOException {
    ArrayNode messages = out.putArray("messages");
    Map<QueueId, Optional<MailOptions.Tls>> wishes = new HashMap<>();
    Set<String> told = new java.util.HashSet<>();
    int looked = 0;
    boolean more = false;
    ShareKey after = null;
    do {
      if (concerned.isEmpty()) {
        break;
      }
      QueueView.Page page = queue.list(QueueFilter.all(), after, QueueView.MOST_ROWS);
      for (QueueRow row : page.rows()) {
        Set<Change> changes = concerned.get(row.nextHop());
        if (changes == null || !told.add(row.id() + " " + row.nextHop())) {
          continue;
        }
        if (messages.size() >= MOST_MESSAGES) {
          more = true;
          break;
        }
        if (!wishes.containsKey(row.id())) {
          wishes.put(row.id(), queue.show(row.id()).map(m -> m.envelope().options().tls()));
        }
        message(messages, row, changes, wishes.getOrDefault(row.id(), Optional.empty()));
      }
      looked += page.rows().size();
      after = page.next();
      more |= looked >= MOST_LOOKED_AT && after != null;
    } while (after != null && !more);
    out.put("more_messages", more);
  }

  private static void message(
      ArrayNode messages, QueueRow row, Set<Change> changes, Optional<MailOptions.Tls> wish) {
    MailOptions.Tls tls = wish.orElse(MailOptions.Tls.UNSPECIFIED);
    Set<Change> own = ofMessage(changes, tls);
    String demands =
        switch (tls) {
          case UNSPECIFIED -> "";
          case OPTIONAL -> "TLS-Required: No";
          case REPORT -> "TLS report (goes out whatever the TLS is like)";
          case REQUIRED -> "REQUIRETLS";
        };
    if (own.isEmpty()) {
      return;
    }
    ObjectNode out =
        messages
            .addObject()
            .put("id", row.id().toString())
            .put("domain", row.nextHop())
            .put("sender", row.sender());
    words(own, out);
    if (!demands.isEmpty()) {
      out.put("demands", demands);
    }
  }

  /** Mail with REQUIRETLS goes in clear text under no configuration: that was promised. */
  static Set<Change> ofMessage(Set<Change> ofDomain, MailOptions.Tls tls) {
    Set<Change> own = EnumSet.copyOf(ofDomain);
    if (tls == MailOptions.Tls.REQUIRED) {
      own.remove(Change.CLEAR);
    }
    return own;
  }

  private List<String> notKnown(boolean running) {
    List<String> out = new ArrayList<>();
    out.add("DANE: nothing is looked up, so what TLSA records demand is left out on both sides");
    out.add(
        "one connection is no message: mail whose host would wait tries the domain's other hosts");
    out.add("levels that the ledger would have reached, or lost, under the other configuration");
    if (now.sts().isPresent() != then.sts().isPresent()) {
      out.add(
          now.sts().isPresent()
              ? "MTA-STS is followed now and would not be: kept policies count on one side only"
              : "MTA-STS is not followed now and would be: no policy is kept, so none counts here");
    }
    if (now.publicRoots() != then.publicRoots() || !now.rootFiles().equals(then.rootFiles())) {
      out.add("certificates by other [roots]: only the judgement by those in force is remembered");
    }
    if (!now.deliver().hold().equals(then.deliver().hold())) {
      out.add("how long the other [deliver] hold keeps mail: times of messages are not remembered");
    }
    if (!running) {
      out.add("the queue: no server runs here, and only a server reads it");
    }
    return out;
  }
}

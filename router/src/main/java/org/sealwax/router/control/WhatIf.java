package org.sealwax.router.control;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.LedgerReplay.Kind;
import org.sealwax.router.control.LedgerReplay.Outcome;
import org.sealwax.router.ledger.DomainRecord;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.QueueFilter;
import org.sealwax.router.queue.QueueRow;
import org.sealwax.router.queue.QueueView;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.QueueId;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A comparison of another configuration with the one in force, over the connections that the ledger
 * remembers: the domains and queued messages that would have been delayed or sent unencrypted.
 * Reads and sends nothing, and changes nothing.
 */
public final class WhatIf {
  /** Domains that are listed one by one: more than an admin reads; all are counted. */
  static final int MOST_DOMAINS = 1_000;

  /** Queued messages that are listed one by one. */
  static final int MOST_MESSAGES = 1_000;

  /** Queued recipients that are checked: a few seconds of the store. */
  static final int MAX_RECIPIENTS = 100_000;

  private final RouterSettings current;
  private final RouterSettings candidate;
  private final PersistentLedger ledger;
  private final LedgerReplay before;
  private final LedgerReplay after;

  /** A change for a domain, the worst first. */
  enum WhatIfChange {
    /** What did not go unencrypted, or only after the hold, would. */
    PLAINTEXT,
    /** What was sent would wait. */
    DELAYED,
    /** An outcome that was notified, or went another way, needs no notification. */
    UNKNOWN,
    /** What waits or goes unencrypted would pass, and nothing else changes. */
    BETTER;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Connections of one host that fared alike. */
  private record WhatIfDifference(Domain host, Outcome current, Outcome candidate) {}

  /**
   * Over what is remembered now.
   *
   * @param now the configuration in force
   * @param then the other one
   * @param sts what is kept of MTA-STS
   */
  WhatIf(
      RouterSettings now,
      RouterSettings then,
      PersistentLedger ledger,
      Function<Domain, Optional<StsMemory.FetchedPolicy>> sts) {
    this.current = now;
    this.candidate = then;
    this.ledger = ledger;
    this.before = LedgerReplay.of(now, sts, ledger.moment());
    this.after = LedgerReplay.of(then, sts, ledger.moment());
  }

  /**
   * The comparison.
   *
   * @param queue null where no server runs
   * @throws IOException when ledger or store cannot be read
   */
  public ObjectNode report(@Nullable QueueView queue, Instant at) throws IOException {
    WhatIfTotals sums = new WhatIfTotals();
    ledger.each(PersistentLedger.DomainFilter.ALL, row -> compare(row, sums));
    ObjectNode out = Json.object();
    out.put("at", at.toString());
    out.put("remembered", sums.remembered);
    out.put("connections", sums.connections);
    for (WhatIfChange change : WhatIfChange.values()) {
      out.put(change.word(), sums.counts.getOrDefault(change, 0));
    }
    out.set("domains", sums.domains);
    out.put("more", sums.affected.size() - sums.domains.size());
    if (queue != null) {
      messages(out, queue, sums.affected);
    }
    notKnown(out.putArray("not_known"), queue != null);
    return out;
  }

  private static final class WhatIfTotals {
    private int remembered;
    private int connections;
    private final Map<WhatIfChange, Integer> counts = new HashMap<>();
    private final Map<String, Set<WhatIfChange>> affected = new HashMap<>();
    private final ArrayNode domains = Json.array();
  }

  private void compare(DomainRecord row, WhatIfTotals sums) {
    List<LedgerReplay.ReplayedConnection> is = before.connections(row);
    List<LedgerReplay.ReplayedConnection> would = after.connections(row);
    sums.remembered++;
    sums.connections += is.size();
    Set<WhatIfChange> changes = EnumSet.noneOf(WhatIfChange.class);
    Map<WhatIfDifference, List<Instant>> differences = new LinkedHashMap<>();
    Map<Domain, Integer> perHost = new HashMap<>();
    for (int i = 0; i < is.size(); i++) {
      Domain host = is.get(i).host();
      Outcome now = is.get(i).outcome();
      Outcome then = would.get(i).outcome();
      perHost.merge(host, 1, Integer::sum);
      Optional<WhatIfChange> change = change(now, then);
      if (change.isPresent()) {
        changes.add(change.get());
        differences
            .computeIfAbsent(new WhatIfDifference(host, now, then), d -> new ArrayList<>())
            .add(is.get(i).sample().at());
      }
    }
    if (changes.size() > 1) {
      changes.remove(WhatIfChange.BETTER);
    }
    changes.forEach(c -> sums.counts.merge(c, 1, Integer::sum));
    if (changes.isEmpty() || changes.contains(WhatIfChange.BETTER)) {
      return;
    }
    sums.affected.put(row.domain().name(), changes);
    if (sums.domains.size() < MOST_DOMAINS) {
      ObjectNode out = sums.domains.addObject().put("domain", row.domain().name());
      words(changes, out);
      ArrayNode list = out.putArray("differences");
      differences.forEach(
          (d, times) ->
              list.addObject()
                  .put("host", d.host().name())
                  .put("now", d.current().text())
                  .put("then", d.candidate().text())
                  .put("connections", times.size())
                  .put("of", perHost.getOrDefault(d.host(), 0))
                  .put("last", Collections.max(times).toString()));
    }
  }

  private static void words(Set<WhatIfChange> changes, ObjectNode out) {
    changes.stream().map(WhatIfChange::word).forEach(out.putArray("changes")::add);
  }

  /** What one connection's change is, if any; another reason to wait is not one. */
  static Optional<WhatIfChange> change(Outcome is, Outcome would) {
    Kind from = is.kind();
    Kind to = would.kind();
    if (from == to && (to != Kind.UNKNOWN || is.equals(would))) {
      return Optional.empty();
    }
    return switch (to) {
      case PASS -> from == Kind.UNKNOWN ? Optional.empty() : Optional.of(WhatIfChange.BETTER);
      case PLAINTEXT_AT_ONCE -> Optional.of(WhatIfChange.PLAINTEXT);
      case PLAINTEXT_AFTER_HOLD ->
          Optional.of(
              from == Kind.PLAINTEXT_AT_ONCE ? WhatIfChange.DELAYED : WhatIfChange.PLAINTEXT);
      case WAIT -> Optional.of(WhatIfChange.DELAYED);
      case UNKNOWN -> Optional.of(WhatIfChange.UNKNOWN);
    };
  }

  private static void messages(
      ObjectNode out, QueueView queue, Map<String, Set<WhatIfChange>> concerned)
      throws IOException {
    ArrayNode messages = out.putArray("messages");
    Map<QueueId, MailOptions.TlsOption> tlsOptions = new HashMap<>();
    Set<String> notified = new HashSet<>();
    int looked = 0;
    boolean more = false;
    BatchKey after = null;
    while (!concerned.isEmpty() && !more) {
      QueueView.QueuePage page = queue.list(QueueFilter.all(), after, QueueView.MOST_ROWS);
      for (QueueRow row : page.rows()) {
        Set<WhatIfChange> changes = concerned.get(row.nextHop());
        if (changes == null || !notified.add(row.id() + " " + row.nextHop())) {
          continue;
        }
        if (messages.size() >= MOST_MESSAGES) {
          more = true;
          break;
        }
        MailOptions.TlsOption tls = tlsOptions.get(row.id());
        if (tls == null) {
          tls =
              queue
                  .message(row.id())
                  .map(m -> m.envelope().options().tls())
                  .orElse(MailOptions.TlsOption.UNSPECIFIED);
          tlsOptions.put(row.id(), tls);
        }
        message(messages, row, ofMessage(changes, tls), tls);
      }
      looked += page.rows().size();
      after = page.next();
      if (after == null) {
        break;
      }
      more |= looked >= MAX_RECIPIENTS;
    }
    out.put("more_messages", more);
  }

  private static void message(
      ArrayNode messages, QueueRow row, Set<WhatIfChange> own, MailOptions.TlsOption tls) {
    if (own.isEmpty()) {
      return;
    }
    String demands =
        switch (tls) {
          case UNSPECIFIED -> "";
          case OPTIONAL -> "TLS-Required: No";
          case REPORT -> "TLS report (sent with any TLS)";
          case REQUIRED -> "REQUIRETLS";
        };
    ObjectNode out =
        messages
            .addObject()
            .put("id", row.id().toString())
            .put("domain", row.nextHop())
            .put("sender", row.batch().sender());
    words(own, out);
    if (!demands.isEmpty()) {
      out.put("demands", demands);
    }
  }

  /** Mail with REQUIRETLS goes unencrypted under no configuration: that was promised. */
  static Set<WhatIfChange> ofMessage(Set<WhatIfChange> ofDomain, MailOptions.TlsOption tls) {
    Set<WhatIfChange> own = EnumSet.copyOf(ofDomain);
    if (tls == MailOptions.TlsOption.REQUIRED) {
      own.remove(WhatIfChange.PLAINTEXT);
    }
    return own;
  }

  private void notKnown(ArrayNode out, boolean running) {
    out.add("DANE: TLSA records are not looked up and are ignored for both configurations");
    out.add(
        "other hosts: a message that is delayed at one host is tried at the domain's other hosts");
    out.add(
        "the ledger: levels that would have been reached or lost under the other configuration");
    if (current.sts().isPresent() != candidate.sts().isPresent()) {
      out.add(
          current.sts().isPresent()
              ? "MTA-STS: it is enabled now and would be disabled; cached policies count for the present configuration only"
              : "MTA-STS: it is disabled now and would be enabled; no policy is cached, so none counts");
    }
    if (!current.roots().equals(candidate.roots())) {
      out.add("other [roots]: only verdicts by the present roots are recorded");
    }
    if (!current.deliver().hold().equals(candidate.deliver().hold())) {
      out.add("the other [deliver] hold: the times of messages are not recorded");
    }
    if (!running) {
      out.add("the queue: no server is running");
    }
  }
}

package org.sealwax.router.control;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.sts.StsLookup;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.deliver.DeliveryPreview;
import org.sealwax.router.deliver.SmtpDeliveryAgent;
import org.sealwax.router.evidence.EvidenceGatherer.PolicyRows;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.ActiveViolation;
import org.sealwax.router.ledger.DomainRecord;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Routing;
import org.sealwax.router.route.ForwardSettings;
import org.sealwax.router.sts.StsPolicyCache;
import org.sealwax.router.wiring.DomainStores;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The treatment of mail to a domain at this moment, with its reasons: every source with its value,
 * age and next refresh, and for each host the requirement, the fallback steps, and the result of a
 * connection. Sends nothing and changes no record.
 */
public final class Explainer {
  private final SmtpDeliveryAgent deliveryAgent;
  private final Routing routing;
  private final DomainStores stores;
  private final RouterSettings settings;
  private final Function<Domain, Optional<PeerIdentities.PeerStatus>> peers;

  /**
   * Over the machines of a router.
   *
   * @param routing where mail goes
   * @param archives what is kept of other domains
   * @param settings the configuration in force
   * @param peers what named peers are known by when they come as clients
   */
  public Explainer(
      SmtpDeliveryAgent agent,
      Routing routing,
      DomainStores archives,
      RouterSettings settings,
      Function<Domain, Optional<PeerIdentities.PeerStatus>> peers) {
    this.peers = peers;
    this.deliveryAgent = agent;
    this.routing = routing;
    this.stores = archives;
    this.settings = settings;
  }

  /** Compares another configuration with the one in force. */
  public WhatIf whatIf(RouterSettings then) {
    return new WhatIf(
        settings,
        then,
        stores.ledger(),
        domain -> stores.policies().flatMap(p -> p.inForce(domain)));
  }

  /** The configuration in force. */
  RouterSettings settings() {
    return settings;
  }

  /**
   * About one destination.
   *
   * @param message what a message demands or waives
   * @param probes whether one connection is made to each host
   * @throws InterruptedException when the thread is interrupted
   */
  ObjectNode explanation(
      MailHost destination, MailOptions.TlsOption message, boolean probes, Instant now)
      throws InterruptedException {
    ObjectNode out = Json.object();
    out.put("destination", destination.toString());
    out.put("at", now.toString());
    Optional<ForwardSettings.AliasDomain> own =
        settings.forward().aliasDomains().stream()
            .filter(d -> d.domain().equals(destination))
            .findFirst();
    if (own.isPresent()) {
      out.put("next_hop", "none: this server looks up its addresses in " + own.get().file());
      out.put("end", "mail goes to the targets of the aliases; explain their domains");
      return out;
    }
    NextHop hop =
        routing.nextHopFor(new DeliveryTarget.Remote(new Mailbox("postmaster", destination)));
    out.put("next_hop", words(hop));
    if (destination instanceof Domain domain) {
      peers.apply(domain).ifPresent(status -> peer(out.putObject("peer"), status));
    }
    switch (hop) {
      case NextHop.Pipe pipe -> out.put("end", "the mail is passed to a command on this machine");
      case NextHop.Reports reports -> out.put("end", "this server processes the mail itself");
      case NextHop.NoPostmaster noPostmaster -> out.put("end", "no recipient is configured");
      case NextHop.ByMx mx ->
          describe(
              out,
              deliveryAgent.preview(hop, destination, message, probes),
              PolicySubject.fixed(mx.domain()).to(destination),
              now);
      case NextHop.Fixed fixed ->
          describe(
              out,
              deliveryAgent.preview(hop, destination, message, probes),
              PolicySubject.fixed(fixed.host(), fixed.port()).to(destination),
              now);
    }
    return out;
  }

  private static String words(NextHop hop) {
    return switch (hop) {
      case NextHop.ByMx mx -> "the MX hosts of " + mx.domain();
      case NextHop.Fixed f -> f.host() + ":" + f.port() + " (route " + f.route() + ")";
      case NextHop.Pipe p -> "the command " + p.name();
      case NextHop.Reports r -> "this server";
      case NextHop.NoPostmaster n -> "no recipient";
    };
  }

  private void describe(
      ObjectNode tree, DeliveryPreview preview, PolicySubject nextHop, Instant now) {
    add(tree, "end", preview.end());
    ArrayNode sources = tree.putArray("sources");
    List<List<Evidence>> byHost = preview.hosts().stream().map(h -> h.evidence()).toList();
    if (byHost.isEmpty()) {
      // No host was found; the rows of recipient domain and next hop are there nevertheless.
      byHost = List.of(rows().evidenceFor(nextHop));
    }
    for (Evidence e : byHost.stream().flatMap(List::stream).distinct().toList()) {
      ObjectNode out = source(e);
      if (out != null) {
        sources.add(out);
        Optional<String> why = whyNot(e, byHost, now);
        if (why.isPresent()) {
          out.remove("warning");
          out.put("does_not_count", why.get());
        }
      }
    }
    if (nextHop.nextHop() instanceof Domain domain) {
      sts(sources, domain, now);
      ledger(sources, domain);
    }
    ArrayNode hosts = tree.putArray("hosts");
    preview.hosts().forEach(h -> host(hosts.addObject(), h, now));
  }

  private PolicyRows rows() {
    return new PolicyRows(settings.deliver().level(), settings.deliver().rows());
  }

  /** Why a row, a route or the default has no part in what is demanded of any host. */
  private static Optional<String> whyNot(Evidence one, List<List<Evidence>> byHost, Instant now) {
    Optional<String> why = Optional.empty();
    for (List<Evidence> ofHost : byHost) {
      if (ofHost.contains(one)) {
        why = Policy.ignoredReason(one, ofHost, now);
        if (why.isEmpty()) {
          return why;
        }
      }
    }
    return why;
  }

  /** What makes its servers known when they come as clients. */
  private static void peer(ObjectNode out, PeerIdentities.PeerStatus status) {
    out.put("known_by", status.by()).put("relay", status.relay());
    add(out, "refresh", status.next());
  }

  /**
   * What every round gathers; null for MTA-STS and ledger, which are described from their stores,
   * with more.
   */
  private static @Nullable ObjectNode source(Evidence evidence) {
    return switch (evidence) {
      case Evidence.Default d -> source("config", d).put("where", "[deliver] level");
      case Evidence.Route r -> source("config", r).put("where", "[[transport]] " + r.name());
      case Evidence.RecipientRow r ->
          row(
              source("config", r),
              r.row(),
              " has no effect on a configured route: there an entry can only raise the level");
      case Evidence.NextHopRow r -> row(source("config", r), r.row(), admits(r.row().level()));
      case Evidence.HostRow r -> row(source("config", r), r.row(), admits(r.row().level()));
      case Evidence.Dane d -> {
        ObjectNode out = source("dane", d).put("rfc", section(d));
        out.put("refresh", d.expires().toString());
        if (d.state() instanceof Evidence.DaneState.Usable u) {
          u.associations().records().stream()
              .map(Object::toString)
              .sorted()
              .forEach(out.putArray("records")::add);
        }
        yield out;
      }
      case Evidence.RequireTls r -> source("message", r).put("rfc", "RFC 8689 section 4.2.1");
      case Evidence.TlsRequiredNo n -> source("message", n).put("rfc", "RFC 8689 section 3");
      case Evidence.Sts _, Evidence.LedgerLevel _ -> null;
    };
  }

  private static String section(Evidence.Dane dane) {
    return switch (dane.state()) {
      case Evidence.DaneState.Usable u when !dane.secureMx() -> "RFC 7672 section 2.2.1";
      case Evidence.DaneState.LookupFailed t -> "RFC 7672 section 2.1.1";
      case Evidence.DaneState.Usable _,
          Evidence.DaneState.Unusable _,
          Evidence.DaneState.Absent _ ->
          "RFC 7672 section 2.2";
    };
  }

  private static ObjectNode source(String name, Evidence evidence) {
    return Json.object().put("source", name).put("value", evidence.origin());
  }

  /** Adds what there is: a value that is null or without text is left out. */
  static void add(ObjectNode out, String name, @Nullable Object value) {
    if (value != null && !value.toString().isEmpty()) {
      out.put(name, value.toString());
    }
  }

  private static ObjectNode row(ObjectNode out, PolicyRow row, String override) {
    out.put("where", "[[policy]] " + row.pattern().text());
    add(out, "note", row.note());
    add(out, "owner", row.owner());
    add(out, "expires", row.expires());
    if (row.override()) {
      out.put("warning", "override" + override);
    }
    return out;
  }

  /** Which attack an override row admits. */
  private static String admits(TlsLevel level) {
    return ": DANE, MTA-STS and ledger are not followed here; "
        + (level.demandsTls()
            ? level == TlsLevel.ENCRYPT
                ? "an attacker on the path can read the mail"
                : "a server with a key or certificate that this entry accepts can read the mail"
            : "an attacker that strips STARTTLS gets the mail in plaintext");
  }

  private void sts(ArrayNode sources, Domain domain, Instant now) {
    Optional<StsPolicyCache> policies = stores.policies();
    ObjectNode out = sources.addObject().put("source", "sts");
    if (policies.isEmpty()) {
      out.put("value", "switched off ([sts] enabled)");
      return;
    }
    StsPolicyCache.DomainStsStatus status = policies.get().status(domain);
    StsMemory memory = status.memory();
    StsMemory.FetchedPolicy fetched = memory.fetched();
    String announced =
        switch (status.announcement()) {
          case StsLookup.NoRecordAnswer s -> "DNS look-up failed: " + s.why();
          case StsLookup.RecordAnswer(StsRecord.Announced a) -> "id " + a.id() + " is announced";
          case StsLookup.RecordAnswer(StsRecord.None n) -> "no policy is announced";
          case StsLookup.RecordAnswer(StsRecord.Several s) ->
              s.count() + " records; more than one count as none";
          case StsLookup.RecordAnswer(StsRecord.Malformed m) -> "a malformed record: " + m.why();
        };
    out.put(
        "value",
        fetched == null
            ? "no policy is cached; " + announced
            : fetched.policy().mode().word()
                + ", id "
                + fetched.id()
                + ", mx "
                + fetched.policy().mx().stream()
                    .map(MxPattern::toString)
                    .collect(Collectors.joining(" "))
                + "; "
                + announced);
    out.put("rfc", "RFC 8461 section 3");
    if (fetched != null) {
      out.put("since", fetched.fetched().toString());
      out.put("expires", fetched.expires().toString());
      if (!fetched.isLive(now)) {
        out.put("warning", "it has expired");
      }
    }
    add(out, "refresh", memory.refresh());
    add(out, "trouble", memory.failure());
  }

  private void ledger(ArrayNode sources, Domain domain) {
    PersistentLedger ledger = stores.ledger();
    Optional<Evidence.LedgerLevel> level = ledger.evidenceFor(domain);
    Optional<DomainRecord> row = ledger.domainRecord(domain);
    ObjectNode out = sources.addObject().put("source", "ledger");
    out.put(
        "value",
        level.map(Evidence::origin).orElse(row.isEmpty() ? "never seen" : "no level reached yet"));
    row.ifPresent(
        r -> {
          out.put("first", r.first().toString());
          out.put("last", r.last().toString());
          out.put(
              "evidence",
              "%s sessions on %s days with TLS, %s on %s with a verified host"
                  .formatted(
                      r.encrypt().sessions(),
                      r.encrypt().days(),
                      r.verify().sessions(),
                      r.verify().days()));
        });
    level.ifPresent(
        l -> {
          out.put("since", l.since().toString());
          out.put("expires", l.expires().toString());
        });
    Optional<ActiveViolation> violation = ledger.activeViolation(domain);
    violation.ifPresent(
        a ->
            out.put(
                "warning",
                "violation ("
                    + a.what().word()
                    + ") since "
                    + a.since().truncatedTo(ChronoUnit.SECONDS)
                    + ": "
                    + a.text()
                    + (a.accepts() == null
                        ? "; only sealwax policy accept ends it"
                        : "; accepted "
                            + a.accepts().truncatedTo(ChronoUnit.SECONDS)
                            + " at the earliest")));
  }

  private static void host(ObjectNode out, DeliveryPreview.HostPreview host, Instant now) {
    Requirement requirement = host.requirement();
    out.put("host", host.subject().host().toString());
    out.put("port", host.subject().port());
    out.put("dnssec", host.subject().secureMx());
    out.put("wanted", requirement.statedLevel().word());
    out.put("encryption", word(requirement.encryption()));
    requirement.identity().stream()
        .map(IdentityRequirement::text)
        .sorted()
        .forEach(out.putArray("identity")::add);
    out.put("clear_text", word(requirement.plaintextFallback()));
    out.put("floor", requirement.floor().lowest().label());
    out.put("require_tls", requirement.requireTls());
    out.put("by_memory_alone", requirement.remembered());
    requirement.because().forEach(out.putArray("because")::add);
    add(out, "refused", host.refusal());
    requirement.contradiction().ifPresent(why -> out.put("never", why));
    host.steps().stream().map(FallbackStep::word).forEach(out.putArray("rungs")::add);
    HostMemory memory = host.memory();
    Instant strongestAt = memory.strongestAt();
    if (memory.strongest() != null && strongestAt != null) {
      String shown =
          memory.strongest().word() + " at " + strongestAt.truncatedTo(ChronoUnit.SECONDS);
      out.putObject("memory").put("shown", shown);
    }
    memory
        .broken()
        .forEach(
            (step, at) ->
                out.withObject("memory")
                    .put("broken", step.word() + " at " + at.truncatedTo(ChronoUnit.SECONDS)));
    DeliveryPreview.ConnectionPreview probe = host.probe();
    if (probe != null) {
      ObjectNode seen = out.putObject("probe");
      seen.put("at", now.toString());
      if (probe.address() != null) {
        seen.put("address", AddressText.of(probe.address().getAddress()));
      }
      seen.put("seen", probe.observation());
      seen.put("then", probe.outcome());
      probe.capabilities().forEach(seen.putArray("offers")::add);
    }
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** The answers about several destinations, as one tree. */
  static ObjectNode all(List<ObjectNode> answers) {
    ObjectNode out = Json.object();
    answers.forEach(out.putArray("destinations")::add);
    return out;
  }
}

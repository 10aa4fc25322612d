package org.sealwax.router.config;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.deliver.RouteSettings;
import org.sealwax.router.evidence.EvidenceGatherer.PolicyRows;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.route.ForwardSettings;
import org.sealwax.router.route.TransportTable;

/**
 * Checks of policy entries and routes together: duplicate rows, requirements that no host can meet,
 * and rows that no mail can reach. Checks one destination for each pattern, by the same routing and
 * policy as deliveries.
 */
final class PolicyRowChecks {
  private final ConfigurationReader reader;
  private final ForwardSettings forward;
  private final DeliverySettings deliver;
  private final PolicyRows rows;
  private final TransportTable routes;
  private final Policy policy;
  private final IdentityHashMap<PolicyRow, Section> sections = new IdentityHashMap<>();
  private final Set<Domain> aliases = new HashSet<>();

  /** Before every expiry, and at each: then the row after it counts. */
  private final Set<Instant> times = new LinkedHashSet<>(List.of(Instant.MIN));

  PolicyRowChecks(ConfigurationReader reader, ForwardSettings forward, DeliverySettings deliver) {
    this.reader = reader;
    this.forward = forward;
    this.deliver = deliver;
    this.rows = new PolicyRows(deliver.level(), deliver.rows());
    this.routes = new TransportTable(forward);
    this.policy = new Policy(deliver.ladder(), deliver.floors());
    forward.aliasDomains().forEach(a -> aliases.add(a.domain()));
    for (PolicyRow row : deliver.rows()) {
      Instant end = row.expires();
      if (end != null) {
        times.add(end);
      }
    }
  }

  /** Adds problems to the reading, which has no errors so far. */
  void check() {
    List<Section> written = reader.rows("policy");
    for (int i = 0; i < written.size(); i++) {
      sections.put(deliver.rows().get(i), written.get(i));
    }
    duplicateRows();
    withoutValidation();
    Set<Domain> destinations = destinations();
    Set<PolicyRow> reached = java.util.Collections.newSetFromMap(new IdentityHashMap<>());
    for (Domain destination : destinations) {
      NextHop hop = hop(destination);
      if (hop instanceof NextHop.Fixed fixed) {
        reached.addAll(rows.covering(fixed.host()));
        times.forEach(at -> neverMet(destination, fixed, at));
      }
      boolean leaves = hop instanceof NextHop.Fixed || hop instanceof NextHop.ByMx;
      if (leaves && !aliases.contains(destination)) {
        reached.addAll(rows.covering(destination));
      }
    }
    deliver.rows().stream().filter(r -> !reached.contains(r)).forEach(this::unreached);
    unreachedRoutes();
  }

  private NextHop hop(Domain destination) {
    return routes.nextHopFor(new DeliveryTarget.Remote(new Mailbox("postmaster", destination)));
  }

  /** One for each pattern of rows and routes: itself, or a domain that only it covers. */
  private Set<Domain> destinations() {
    Set<Domain> all = new LinkedHashSet<>();
    deliver.rows().forEach(r -> all.add(within(r.pattern())));
    forward.routes().forEach(r -> all.add(within(r.pattern())));
    forward.relayDomains().forEach(r -> all.add(r.domain()));
    return all;
  }

  private static Domain within(DomainPattern pattern) {
    return switch (pattern) {
      case DomainPattern.Exact e -> e.domain();
      // A name that no configuration has.
      case DomainPattern.Below b ->
          Domain.parse("any-label." + b.parent().name()).orElse(b.parent());
      case DomainPattern.Any a -> Domain.of("any-label.invalid");
    };
  }

  private void duplicateRows() {
    Map<DomainPattern, List<PolicyRow>> seen = new HashMap<>();
    for (PolicyRow row : deliver.rows()) {
      List<PolicyRow> before = seen.computeIfAbsent(row.pattern(), p -> new ArrayList<>());
      before.stream()
          .filter(b -> outlivesHold(b, row))
          .findFirst()
          .ifPresent(
              hides ->
                  section(row)
                      .at("domain")
                      .error(
                          row.pattern().text()
                              + " has an entry in line "
                              + section(hides).line()
                              + " already, and the first entry applies")
                      .help(
                          "merge the two entries; an entry that expires may precede one without expiry"));
      before.add(row);
    }
  }

  private static boolean outlivesHold(PolicyRow before, PolicyRow row) {
    Instant end = before.expires();
    Instant other = row.expires();
    return end == null || other != null && !other.isAfter(end);
  }

  private void withoutValidation() {
    boolean off =
        reader.section(DnsSettings.class).get("validation", DnsSettings.Validation.class)
            == DnsSettings.Validation.OFF;
    Stream<Section> rowsOf =
        deliver.rows().stream().filter(r -> r.level() == TlsLevel.DANE_ONLY).map(this::section);
    Stream<Section> routesOf =
        reader.rows("transport").stream()
            .filter(s -> s.find("level").filter(TlsLevel.DANE_ONLY::equals).isPresent());
    Stream.concat(rowsOf, routesOf)
        .forEach(
            s ->
                s.head()
                    .error(off, "dane-only cannot be satisfied: [dns] validation is off")
                    .help("use validation = \"own\""));
  }

  private void neverMet(Domain destination, NextHop.Fixed fixed, Instant at) {
    PolicySubject subject = PolicySubject.fixed(fixed.host(), fixed.port()).to(destination);
    List<Evidence> evidence = new ArrayList<>(rows.evidenceFor(subject));
    RouteSettings route = deliver.routes().get(fixed.route());
    Evidence ofRoute = route == null ? null : route.evidence();
    if (ofRoute != null) {
      evidence.add(ofRoute);
    }
    List<Evidence> counted =
        evidence.stream().filter(e -> Policy.ignoredReason(e, evidence, at).isEmpty()).toList();
    Requirement requirement = policy.requirementFor(subject, evidence, at);
    Section place = reportedSection(counted, fixed);
    String way = routeText(counted, fixed);
    boolean literal = fixed.host() instanceof AddressLiteral;
    Optional<String> contradiction = requirement.contradiction();
    if (contradiction.isPresent()) {
      place
          .head()
          .error(way + " can never be delivered: " + contradiction.get())
          .help(
              literal
                  ? "[[transport]] names = [\"…\"] gives the name in the certificate of an address"
                  : "use the same requirement in the entries for the recipient domain and the next hop");
    } else if (literal && requirement.statedLevel() == TlsLevel.DANE_ONLY) {
      place
          .head()
          .error(way + " can never be delivered: an address has no TLSA records")
          .help("name the next hop by its host name");
    }
    if (fixed.host() instanceof Domain host) {
      foreignNames(host, counted, way);
    }
    if (route != null && route.credentials() != null && requirement.identity().isEmpty()) {
      credentials(place, way, literal, requirement);
    }
  }

  /** Credentials without a demand on identity: only DANE could still verify the server. */
  private void credentials(Section place, String way, boolean literal, Requirement requirement) {
    boolean never = literal || requirement.encryption() == Requirement.TlsUse.NEVER;
    String text =
        way
            + ": credentials are sent to a verified server only, and level "
            + requirement.statedLevel().word()
            + " does not verify a server";
    ProblemPlace.Reported reported =
        never ? place.head().error(text) : place.head().warning(text + " without TLSA records");
    reported.help("remove level for secure, or set names or pins");
  }

  /**
   * Reports names of the recipient domain's row that no other setting gives the configured host.
   */
  private void foreignNames(Domain host, List<Evidence> counted, String way) {
    Set<Domain> known = new HashSet<>(Set.of(host));
    Evidence.@Nullable RecipientRow asking = null;
    for (Evidence e : counted) {
      switch (e) {
        case Evidence.RecipientRow r -> asking = r;
        case Evidence.NextHopRow r -> known.addAll(r.row().names());
        case Evidence.Route r -> known.addAll(r.row().names());
        case Evidence.HostRow r -> {}
        case Evidence.Default d -> {}
        case Evidence.Dane d -> {}
        case Evidence.Sts s -> {}
        case Evidence.LedgerLevel l -> {}
        case Evidence.RequireTls r -> {}
        case Evidence.TlsRequiredNo n -> {}
      }
    }
    if (asking == null || asking.row().names().isEmpty()) {
      return;
    }
    section(asking.row())
        .head()
        .error(
            asking.row().names().stream().noneMatch(known::contains),
            way + ": the names do not include the next hop")
        .help(
            "add it, or give this host's names in [[transport]] names or in a policy entry for it");
  }

  private static String routeText(List<Evidence> counted, NextHop.Fixed fixed) {
    return "mail"
        + counted.stream()
            .filter(Evidence.RecipientRow.class::isInstance)
            .map(e -> " for " + ((Evidence.RecipientRow) e).row().pattern().text())
            .findFirst()
            .orElse("")
        + " by the route "
        + fixed.route()
        + " to "
        + fixed.host();
  }

  /** The place to report: the recipient domain's row, else the route, else the next hop's row. */
  private Section reportedSection(List<Evidence> counted, NextHop.Fixed fixed) {
    Optional<PolicyRow> recipient =
        counted.stream()
            .filter(Evidence.RecipientRow.class::isInstance)
            .map(e -> ((Evidence.RecipientRow) e).row())
            .filter(r -> r.level().demandsIdentity())
            .findFirst();
    if (recipient.isPresent()) {
      return section(recipient.get());
    }
    Optional<Section> transport =
        reader.rows("transport").stream()
            .filter(s -> s.get("domain", DomainPattern.class).text().equals(fixed.route()))
            .findFirst();
    Optional<Section> relay =
        reader.rows("relay_domain").stream()
            .filter(s -> s.get("domain", Domain.class).name().equals(fixed.route()))
            .findFirst();
    return transport.or(() -> relay).orElseGet(() -> reader.section("deliver"));
  }

  private void unreached(PolicyRow row) {
    // "*" covers address literals too, which leave by SMTP.
    section(row)
        .head()
        .warning(
            !(row.pattern() instanceof DomainPattern.Any),
            "this entry has no effect: mail for "
                + row.pattern().text()
                + " does not leave by SMTP")
        .help("remove it");
  }

  /** Rows of [[transport]] for alias domains: their mail goes where the aliases lead. */
  private void unreachedRoutes() {
    for (Section s : reader.rows("transport")) {
      if (s.get("domain", DomainPattern.class) instanceof DomainPattern.Exact e) {
        s.head()
            .warning(
                aliases.contains(e.domain()),
                "this entry has no effect: " + e.domain() + " is an alias domain")
            .help("remove it; mail goes to the targets of the aliases");
      }
    }
  }

  private Section section(PolicyRow row) {
    Section s = sections.get(row);
    return s == null ? reader.section("deliver") : s;
  }
}

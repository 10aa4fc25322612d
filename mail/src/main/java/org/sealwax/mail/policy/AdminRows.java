package org.sealwax.mail.policy;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;

/**
 * The policy entries, routes and defaults that apply to one delivery. For the recipient domain, the
 * next hop and the MX host alike, the most specific row in force counts, and of equals the first.
 *
 * @param override the row that stands in for the published sources and for everything that the
 *     admin configured for the next hop and the host; null when none does
 * @param nextHop what holds for the next hop: its row and its route, or else the default
 * @param recipient the row of the recipient domain, or null; raises only, and yields to no override
 *     of the next hop: it was written about other mail
 * @param host the row of the MX host, or null; raises only
 */
record AdminRows(
    @Nullable Evidence override,
    List<Evidence> nextHop,
    Evidence.@Nullable RecipientRow recipient,
    Evidence.@Nullable HostRow host) {
  private static final Evidence NO_ROWS = new Evidence.Default(TlsLevel.MAY);

  /** Selects from all evidence about one host; evidence that the admin did not write is ignored. */
  static AdminRows of(List<Evidence> evidence, Instant now) {
    Evidence.@Nullable RecipientRow recipient = null;
    Evidence.@Nullable NextHopRow row = null;
    Evidence.@Nullable HostRow host = null;
    Evidence.@Nullable Route route = null;
    @Nullable Evidence byDefault = null;
    for (Evidence e : evidence) {
      switch (e) {
        case Evidence.RecipientRow r -> recipient = better(recipient, r.row(), now) ? r : recipient;
        case Evidence.NextHopRow r -> row = better(row, r.row(), now) ? r : row;
        case Evidence.HostRow r -> host = better(host, r.row(), now) ? r : host;
        case Evidence.Route r -> route = r.row().isInForce(now) ? r : route;
        case Evidence.Default d -> byDefault = byDefault == null ? d : byDefault;
        case Evidence.Dane d -> {}
        case Evidence.Sts s -> {}
        case Evidence.LedgerLevel l -> {}
        case Evidence.RequireTls r -> {}
        case Evidence.TlsRequiredNo n -> {}
      }
    }
    List<Evidence> nextHop = new ArrayList<>(2);
    if (row != null) {
      nextHop.add(row);
    }
    if (route != null && !yields(route, row)) {
      nextHop.add(route);
    }
    if (nextHop.isEmpty()) {
      nextHop.add(byDefault == null ? NO_ROWS : byDefault);
    }
    Evidence override =
        row != null && row.row().override()
            ? row
            : host != null && host.row().override() ? host : null;
    return new AdminRows(override, List.copyOf(nextHop), recipient, host);
  }

  private static boolean better(@Nullable Evidence known, PolicyRow row, Instant now) {
    PolicyRow before = known == null ? null : row(known);
    return row.isInForce(now)
        && (before == null || row.pattern().specificity() > before.pattern().specificity());
  }

  /** A demand that only follows from the route, where a row names the server's identity. */
  private static boolean yields(Evidence.Route route, Evidence.@Nullable NextHopRow row) {
    return route.implied() && row != null && row.row().level().demandsIdentity();
  }

  /** The row of a piece of evidence, or null. */
  static @Nullable PolicyRow row(Evidence evidence) {
    return switch (evidence) {
      case Evidence.Route r -> r.row();
      case Evidence.RecipientRow r -> r.row();
      case Evidence.NextHopRow r -> r.row();
      case Evidence.HostRow r -> r.row();
      case Evidence.Default d -> null;
      case Evidence.Dane d -> null;
      case Evidence.Sts s -> null;
      case Evidence.LedgerLevel l -> null;
      case Evidence.RequireTls r -> null;
      case Evidence.TlsRequiredNo n -> null;
    };
  }

  /** All that apply, without an override that replaces some of them. */
  private List<Evidence> all() {
    List<Evidence> all = new ArrayList<>(nextHop);
    if (recipient != null) {
      all.add(recipient);
    }
    if (host != null) {
      all.add(host);
    }
    return all;
  }

  /** The evidence whose demands are combined. */
  List<Evidence> counted() {
    if (override == null) {
      return all();
    }
    return recipient == null ? List.of(override) : List.of(override, recipient);
  }

  /** The names of a host: its own, and where an address has none, those that its route gives it. */
  List<Domain> namesOr(List<Domain> own) {
    if (!own.isEmpty()) {
      return own;
    }
    return nextHop.stream()
        .filter(Evidence.Route.class::isInstance)
        .map(e -> ((Evidence.Route) e).row().names())
        .findFirst()
        .orElse(own);
  }

  /**
   * The highest minimum TLS version that an applied row names, whatever its level; null when none
   * names one.
   */
  @Nullable TlsFloor floor() {
    TlsVersion highest = null;
    for (Evidence e : counted()) {
      PolicyRow row = row(e);
      TlsVersion floor = row == null ? null : row.floor();
      if (floor != null && (highest == null || floor.compareTo(highest) > 0)) {
        highest = floor;
      }
    }
    return highest == null ? null : new TlsFloor(highest);
  }

  /** Why the admin's {@code evidence} does not count; empty when it does. */
  Optional<String> ignoredReason(Evidence evidence, Instant now) {
    if (counted().contains(evidence)) {
      return Optional.empty();
    }
    PolicyRow row = row(evidence);
    if (row == null) {
      return Optional.of("an entry or a route for the next hop replaces it");
    }
    Instant expires = row.expires();
    if (expires != null && !row.isInForce(now)) {
      return Optional.of("expired on " + LocalDate.ofInstant(expires, ZoneOffset.UTC));
    }
    if (all().contains(evidence)) {
      return Optional.of("an entry with override replaces it");
    }
    if (evidence instanceof Evidence.Route) {
      return Optional.of("the entry for the next hop requires another identity");
    }
    return all().stream()
        .filter(e -> e.getClass() == evidence.getClass())
        .map(AdminRows::row)
        .findFirst()
        .map(
            counts ->
                counts == null || counts.pattern().equals(row.pattern())
                    ? "an earlier entry has the same domain"
                    : "the entry for " + counts.pattern().text() + " is more specific");
  }
}

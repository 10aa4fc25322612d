package org.sealwax.router.control;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.evidence.PolicyRows;
import org.sealwax.router.ledger.ClockReading;
import org.sealwax.router.ledger.DomainRecord;
import org.sealwax.router.ledger.LedgerReplay;
import org.sealwax.router.ledger.LedgerRules;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.route.TransportTable;

/**
 * One of the two configurations that {@link WhatIf} compares: what remembered connections come to
 * under it. Asks no server: rows, kept MTA-STS policies and the ledger are at hand.
 */
final class WhatIfConfiguration {
  private final Policy policy;
  private final PolicyRows rows;
  private final TransportTable routes;
  private final LedgerRules rules;
  private final KeptStsPolicies sts;
  private final ClockReading clockReading;

  /** What is kept of MTA-STS; empty where the configuration does not follow it. */
  @FunctionalInterface
  interface KeptStsPolicies {
    /** The policy in force, from memory or disk. */
    Optional<StsMemory.FetchedPolicy> of(Domain domain);
  }

  /** The actual or hypothetical outcome of mail on one connection. */
  enum Kind {
    PASS,
    CLEAR_AFTER_HOLD,
    CLEAR_AT_ONCE,
    WAIT,
    UNKNOWN;
  }

  /**
   * The same with its reason.
   *
   * @param reason empty where the kind is enough
   */
  record WhatIfOutcome(Kind kind, String reason) {
    /** {@code wait: TLS was not offered}. */
    String text() {
      String word = kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
      return reason.isEmpty() ? word : word + ": " + reason;
    }
  }

  WhatIfConfiguration(RouterSettings settings, KeptStsPolicies sts, ClockReading reading) {
    this.policy = new Policy(settings.deliver().ladder(), settings.deliver().floors());
    this.rows = new PolicyRows(settings.deliver().level(), settings.deliver().rows());
    this.routes = new TransportTable(settings.forward());
    this.rules = new LedgerRules(settings.ledger(), PublicSuffixList.bundled());
    this.sts = settings.sts().isPresent() ? sts : domain -> Optional.empty();
    this.clockReading = reading;
  }

  /** One fate for each of {@link LedgerReplay#lines}, in the same order for every configuration. */
  List<WhatIfOutcome> outcomes(
      DomainRecord row, List<LedgerReplay.ReplayedConnection> connections) {
    Optional<String> elsewhere = otherRoute(row.domain());
    return connections.stream()
        .map(
            l ->
                elsewhere
                    .map(e -> new WhatIfOutcome(Kind.UNKNOWN, e))
                    .orElseGet(() -> outcome(l.result())))
        .toList();
  }

  List<LedgerReplay.ReplayedConnection> lines(DomainRecord row) {
    List<Evidence> remembered = new ArrayList<>();
    sts.of(row.domain())
        .map(fetched -> published(row.domain(), fetched))
        .ifPresent(remembered::add);
    // As LiveLedger gives it: a level that was not seen for too long has fallen away.
    rules.evidence(rules.timePassed(row, clockReading).row()).ifPresent(remembered::add);
    return new LedgerReplay(policy, subject -> evidence(subject, remembered)).lines(row);
  }

  private List<Evidence> evidence(PolicySubject subject, List<Evidence> remembered) {
    List<Evidence> all = new ArrayList<>(rows.evidenceFor(subject));
    all.addAll(remembered);
    return all;
  }

  private static Evidence published(Domain domain, StsMemory.FetchedPolicy fetched) {
    StsPolicy policy = fetched.policy();
    Instant until = fetched.expires();
    Evidence.StsState state =
        switch (policy.mode()) {
          case ENFORCE -> new Evidence.StsState.Enforce(fetched.id(), policy.mx());
          case TESTING -> new Evidence.StsState.Testing(fetched.id(), policy.mx());
          case NONE -> new Evidence.StsState.Absent("mode none");
        };
    return new Evidence.Sts(domain, state, until);
  }

  /** The ledger is about domains by MX: of another way it remembers nothing. */
  private Optional<String> otherRoute(Domain domain) {
    NextHop hop = routes.nextHopFor(new DeliveryTarget.Remote(new Mailbox("postmaster", domain)));
    return switch (hop) {
      case NextHop.ByMx mx -> Optional.empty();
      case NextHop.Fixed f ->
          Optional.of("goes by the route " + f.route() + " to " + f.host() + ":" + f.port());
      case NextHop.Pipe p -> Optional.of("goes to the command " + p.name());
      case NextHop.Reports r -> Optional.of("is read by this server");
      case NextHop.NoPostmaster n -> Optional.of("goes to nobody");
    };
  }

  private static WhatIfOutcome outcome(LedgerReplay.ReplayResult replayed) {
    return switch (replayed) {
      case LedgerReplay.ReplayResult.Pass p -> new WhatIfOutcome(Kind.PASS, "");
      case LedgerReplay.ReplayResult.GoClear c ->
          new WhatIfOutcome(c.afterHold() ? Kind.CLEAR_AFTER_HOLD : Kind.CLEAR_AT_ONCE, "");
      case LedgerReplay.ReplayResult.Wait w -> new WhatIfOutcome(Kind.WAIT, w.why());
      case LedgerReplay.ReplayResult.Unknown u -> new WhatIfOutcome(Kind.UNKNOWN, u.why());
    };
  }
}

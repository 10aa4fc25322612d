package org.sealwax.router.control;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.PublicSuffixes;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.Subject;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.router.config.Settings;
import org.sealwax.router.evidence.PolicyRows;
import org.sealwax.router.ledger.DomainRow;
import org.sealwax.router.ledger.Moment;
import org.sealwax.router.ledger.Replay;
import org.sealwax.router.ledger.Rules;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Target;
import org.sealwax.router.route.Routes;

/**
 * One of the two configurations that {@link WhatIf} compares: what remembered connections come to
 * under it. Asks nobody: rows, kept MTA-STS policies and the ledger are at hand.
 */
final class WhatIfSide {
  private final Policy policy;
  private final PolicyRows rows;
  private final Routes routes;
  private final Rules rules;
  private final Kept sts;
  private final Moment moment;

  /** What is kept of MTA-STS; empty where the configuration does not follow it. */
  @FunctionalInterface
  interface Kept {
    /** The policy in force, from memory or disk. */
    Optional<StsMemory.Kept> of(Domain domain);
  }

  /** What became, or would become, of mail on one connection. */
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
   * @param why empty where the kind says it all
   */
  record Fate(Kind kind, String why) {
    /** {@code wait: TLS was not offered}. */
    String text() {
      String word = kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
      return why.isEmpty() ? word : word + ": " + why;
    }
  }

  WhatIfSide(Settings settings, Kept sts, Moment moment) {
    this.policy = new Policy(settings.deliver().ladder(), settings.deliver().floors());
    this.rows = new PolicyRows(settings.deliver().level(), settings.deliver().rows());
    this.routes = new Routes(settings.forward());
    this.rules = new Rules(settings.ledger(), PublicSuffixes.bundled());
    this.sts = settings.sts().isPresent() ? sts : domain -> Optional.empty();
    this.moment = moment;
  }

  /** One fate for each of {@link Replay#lines}, in the same order for every configuration. */
  List<Fate> fates(DomainRow row, List<Replay.Line> lines) {
    Optional<String> elsewhere = elsewhere(row.domain());
    return lines.stream()
        .map(l -> elsewhere.map(e -> new Fate(Kind.UNKNOWN, e)).orElseGet(() -> fate(l.would())))
        .toList();
  }

  List<Replay.Line> lines(DomainRow row) {
    List<Evidence> remembered = new ArrayList<>();
    sts.of(row.domain()).map(kept -> published(row.domain(), kept)).ifPresent(remembered::add);
    // As LiveLedger gives it: a level that was not seen for too long has fallen away.
    rules.evidence(rules.settles(row, moment).row()).ifPresent(remembered::add);
    return new Replay(policy, subject -> evidence(subject, remembered)).lines(row);
  }

  private List<Evidence> evidence(Subject subject, List<Evidence> remembered) {
    List<Evidence> all = new ArrayList<>(rows.about(subject));
    all.addAll(remembered);
    return all;
  }

  private static Evidence published(Domain domain, StsMemory.Kept kept) {
    StsPolicy said = kept.policy();
    Instant until = kept.expires();
    Evidence.StsState state =
        switch (said.mode()) {
          case ENFORCE -> new Evidence.StsState.Enforce(kept.id(), said.mx());
          case TESTING -> new Evidence.StsState.Testing(kept.id(), said.mx());
          case NONE -> new Evidence.StsState.Absent("mode none");
        };
    return new Evidence.Sts(domain, state, until);
  }

  /** The ledger is about domains by MX: of another way it remembers nothing. */
  private Optional<String> elsewhere(Domain domain) {
    NextHop hop = routes.nextHopFor(new Target.Remote(new Mailbox("postmaster", domain)));
    return switch (hop) {
      case NextHop.ByMx mx -> Optional.empty();
      case NextHop.Fixed f ->
          Optional.of("goes by the route " + f.route() + " to " + f.host() + ":" + f.port());
      case NextHop.Pipe p -> Optional.of("goes to the command " + p.name());
      case NextHop.Reports r -> Optional.of("is read by this server");
      case NextHop.Nobody n -> Optional.of("goes to nobody");
    };
  }

  private static Fate fate(Replay.Would would) {
    return switch (would) {
      case Replay.Would.Pass p -> new Fate(Kind.PASS, "");
      case Replay.Would.GoClear c ->
          new Fate(c.afterHold() ? Kind.CLEAR_AFTER_HOLD : Kind.CLEAR_AT_ONCE, "");
      case Replay.Would.Wait w -> new Fate(Kind.WAIT, w.why());
      case Replay.Would.Unknown u -> new Fate(Kind.UNKNOWN, u.why());
    };
  }
}

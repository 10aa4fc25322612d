package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixes;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.router.ledger.Change.Fact;
import org.sealwax.router.ledger.DomainRow.Standing;
import org.sealwax.router.ledger.LedgerSettings.Regression;
import org.sealwax.router.ledger.Violation.Run;
import org.sealwax.router.ledger.Violation.State;

/**
 * The ledger's decisions: a row and what happened become the next row. Pure.
 *
 * <p>Three questions are answered here and nowhere else. <em>When is a level reached?</em> When
 * mail that counts has shown it often enough on enough days, no host of the MX set is without it,
 * and nothing lesser was seen in between. <em>When is it violated?</em> When a path shows less, or
 * the MX set has hosts that are neither remembered, nor of a remembered organisation, nor vouched
 * for. <em>When is that accepted?</em> When for the whole hold every observation on every path
 * showed it: one observation that keeps the level ends the run, and the hold begins anew. So an
 * attacker must own all paths all the time; and an honest domain waits no longer than the hold,
 * because whatever ends its run is a path on which its mail gets through.
 *
 * @param settings amounts
 * @param suffixes tell organisations apart
 */
public record Rules(LedgerSettings settings, PublicSuffixes suffixes) {
  /** A path that showed less and was never tried again says nothing after so long. */
  static final Duration PATH_MEMORY = Duration.ofDays(7);

  /** The hosts that the domain's level admits. */
  public MxFilter filter(DomainRow row) {
    if (row.level() != Level.VERIFY) {
      return new MxFilter.Any();
    }
    return row.patterns().isEmpty()
        ? new MxFilter.Known(row.known(), organisations(row.known()))
        : new MxFilter.Patterns(row.patterns());
  }

  /** Registrable domains of {@code hosts}. */
  public Set<Domain> organisations(Set<Domain> hosts) {
    Set<Domain> out = new HashSet<>();
    for (Domain host : hosts) {
      suffixes.registrable(host).ifPresent(out::add);
    }
    return out;
  }

  /** The row as evidence. */
  public Optional<Evidence.Ledger> evidence(DomainRow row) {
    Standing standing = row.standing();
    return standing == null
        ? Optional.empty()
        : Optional.of(
            new Evidence.Ledger(
                standing.level(),
                filter(row),
                standing.since(),
                standing.met().plus(settings.decay())));
  }

  /** What time alone changes: decay, and acceptance that has become due. */
  public Change settles(DomainRow row, Moment at) {
    Standing standing = row.standing();
    if (standing == null || !at.trusted()) {
      return Change.none(row);
    }
    if (at.now().isAfter(standing.met().plus(settings.decay()))) {
      return Change.none(startAgain(row)).and(new Fact.Decayed(standing.level()));
    }
    Violation violation = row.violation();
    if (violation == null || violation.nearUs() || settings.regression() == Regression.ASK) {
      return Change.none(row);
    }
    Change change = acceptCandidates(row, violation, at);
    Violation left = change.row().violation();
    if (left != null && isTheirs(change.row(), left, at)) {
      return accepted(change, left, false);
    }
    return change;
  }

  /**
   * A round begins with an answer of the DNS.
   *
   * @param vouched whether a published policy in force lists a host
   */
  public Change begins(DomainRow before, MxAnswer answer, Predicate<Domain> vouched, Moment at) {
    // The same resolution, out of the resolver's cache: nothing new, and nothing to be written.
    boolean known =
        before.mx().equals(answer.hosts())
            && Tally.isSameResolution(before.mxUntil(), answer.until());
    DomainRow row = known ? before : before.withMx(answer.hosts(), answer.until());
    Change change = Change.none(row);
    if (row.level() == Level.VERIFY) {
      Set<Domain> unknown = unknown(row);
      Set<Domain> good = new HashSet<>(unknown);
      good.removeIf(host -> !answer.secure() && !vouched.test(host));
      if (!good.isEmpty()) {
        change =
            change
                .with(withAlsoKnown(row, good))
                .and(new Fact.HostsAccepted(good, answer.secure() ? "DNSSEC" : "MTA-STS"));
        unknown.removeAll(good);
      }
      if (!unknown.isEmpty() && row.violation() == null) {
        change =
            change
                .with(change.row().withViolation(Violation.begins(at.now())))
                .and(new Fact.Violated(Level.VERIFY, "MX hosts never seen before: " + unknown));
      }
    } else {
      change = Change.none(onSameHosts(row));
    }
    Change tidied = tidied(change, at);
    return joined(tidied, settles(tidied.row(), at));
  }

  /**
   * Evidence for {@code verify} is about one set of organisations. An answer with another one
   * begins it anew: else one forged answer, at the moment of promotion, would be remembered for
   * good.
   */
  private DomainRow onSameHosts(DomainRow row) {
    MxFilter base = new MxFilter.Known(row.known(), organisations(row.known()));
    return row.mx().stream().allMatch(base::admits)
        ? withAlsoKnown(row, row.mx())
        : withoutRuns(row, false)
            .withTallies(row.encrypt(), Tally.NONE)
            .withKnown(row.mx(), List.of());
  }

  /** The addresses of {@code host} are known: every family of them is a path. */
  public static Change resolves(DomainRow row, Domain host, boolean ipv4, boolean ipv6, Moment at) {
    HostRow of = row.hosts().get(host);
    boolean known = of != null && of.ipv4() == ipv4 && of.ipv6() == ipv6;
    return Change.none(
        known ? row : row.withHost(host, h -> h.withAddresses(ipv4, ipv6), at.now()));
  }

  /** A connection to {@code host} showed something. */
  public Change shows(DomainRow before, Domain host, Showing showing, Moment at) {
    Instant now = at.now();
    DomainRow row = before.withHost(host, h -> h.with(showing), now);
    if (at.trusted() && row.mx().contains(host)) {
      row = learnt(row, host, showing, at);
    }
    Change change = judged(row, host, showing, at);
    Change settled = settles(change.row(), at);
    Change all = joined(change, settled);
    return at.trusted() ? promoted(all, at) : all;
  }

  private static Change joined(Change first, Change then) {
    Change all = new Change(then.row(), first.facts());
    for (Fact fact : then.facts()) {
      all = all.and(fact);
    }
    return all;
  }

  private DomainRow learnt(DomainRow row, Domain host, Showing showing, Moment at) {
    return switch (showing.shown()) {
      case SILENT, BROKEN -> row;
      case INJECTED, CLEAR, REFUSED -> withoutRuns(row, true).withTallies(Tally.NONE, Tally.NONE);
      case ENCRYPTED -> {
        DomainRow less = withoutRuns(row, false).withTallies(row.encrypt(), Tally.NONE);
        yield learnt(less, host, showing.behind(), false, at);
      }
      case VERIFIED -> learnt(row, host, showing.behind(), true, at);
    };
  }

  private DomainRow learnt(
      DomainRow row, Domain host, Showing.Behind behind, boolean verified, Moment at) {
    return switch (behind) {
      case MAIL -> greeted(counted(row, verified, at), host, verified, at);
      case GREETING -> greeted(row, host, verified, at);
      case OTHER -> row;
    };
  }

  private static DomainRow greeted(DomainRow row, Domain host, boolean verified, Moment at) {
    return row.withHost(
        host,
        h ->
            h.withDays(
                h.encrypted().on(at.now()), verified ? h.verified().on(at.now()) : h.verified()),
        at.now());
  }

  private DomainRow counted(DomainRow row, boolean verified, Moment at) {
    Tally encrypt = fresh(row.encrypt(), at).counted(at.now(), row.mxUntil(), settings);
    Tally verify =
        verified
            ? fresh(row.verify(), at).counted(at.now(), row.mxUntil(), settings)
            : row.verify();
    return row.withTallies(encrypt, verify);
  }

  /** Evidence from before the time of decay is none. */
  private Tally fresh(Tally tally, Moment at) {
    return tally.sessions() > 0 && Tally.day(at.now()) - tally.lastDay() > settings.decay().toDays()
        ? Tally.NONE
        : tally;
  }

  private static DomainRow withoutRuns(DomainRow row, boolean encryptedToo) {
    Map<Domain, HostRow> rows = new HashMap<>();
    row.hosts()
        .forEach(
            (host, h) ->
                rows.put(
                    host,
                    h.withDays(
                        encryptedToo ? HostRow.Days.NONE : h.encrypted(), HostRow.Days.NONE)));
    return row.withHosts(rows, row.last());
  }

  private Change promoted(Change change, Moment at) {
    DomainRow row = change.row();
    if (row.violation() != null || row.mx().isEmpty()) {
      return change;
    }
    boolean verify =
        row.verify().isEnough(settings)
            && row.mx().stream().allMatch(m -> isShown(row, m, HostRow::verified, at));
    boolean encrypt =
        row.encrypt().isEnough(settings)
            && row.mx().stream().allMatch(m -> isShown(row, m, HostRow::encrypted, at));
    Level level = row.level();
    if (verify && level != Level.VERIFY) {
      return change
          .with(
              row.withStanding(new Standing(Level.VERIFY, at.now(), at.now()))
                  .withKnown(row.known(), List.of()))
          .and(new Fact.Promoted(Level.VERIFY));
    }
    return encrypt && level == null
        ? change
            .with(row.withStanding(new Standing(Level.ENCRYPT, at.now(), at.now())))
            .and(new Fact.Promoted(Level.ENCRYPT))
        : change;
  }

  /** Whether a host was seen on days enough; one without an address is silent, and no obstacle. */
  private boolean isShown(
      DomainRow row, Domain host, Function<HostRow, HostRow.Days> how, Moment at) {
    HostRow of = row.hosts().get(host);
    return of != null && (of.isWithoutAddress() || isEnough(how.apply(of), at.now()));
  }

  private boolean isEnough(HostRow.Days days, Instant now) {
    return days.count() >= settings.hostDays()
        && Tally.day(now) - days.last() <= settings.decay().toDays();
  }

  private static boolean isWithoutAddress(DomainRow row, Domain host) {
    HostRow of = row.hosts().get(host);
    return of != null && of.isWithoutAddress();
  }

  /** Hosts of the MX set that the level does not admit. */
  Set<Domain> unknown(DomainRow row) {
    MxFilter filter = filter(row);
    Set<Domain> out = new HashSet<>(row.mx());
    out.removeIf(filter::admits);
    return out;
  }

  private Change judged(DomainRow row, Domain host, Showing showing, Moment at) {
    Standing standing = row.standing();
    if (standing == null || !row.mx().contains(host)) {
      return Change.none(row);
    }
    Instant now = at.now();
    Shown shown = showing.shown();
    boolean admitted = filter(row).admits(host);
    boolean met = admitted && shown.meets(standing.level());
    Path path = new Path(host, showing.family());
    Violation violation = row.violation();
    if (shown == Shown.SILENT) {
      State last = violation == null ? null : violation.paths().get(path);
      return violation == null || last != null && last.isBelow()
          ? Change.none(row)
          : Change.none(row.withViolation(violation.with(path, new State(shown, false, now))));
    }
    if (met) {
      return met(row, standing, path, new State(shown, true, now), at);
    }
    if (showing.proven() && shown.isTls()) {
      // Present proof outranks memory: mail passes on this path, whatever the certificate says.
      return violation == null
          ? Change.none(row)
          : tidied(
              Change.none(
                  row.withViolation(
                      violation
                          .with(path, new State(shown, true, now))
                          .contradicted(now)
                          .noCandidate(path))),
              at);
    }
    Violation next =
        (violation == null ? Violation.begins(now) : violation)
            .with(path, new State(shown, false, now));
    if (shown == Shown.INJECTED) {
      next = next.contradicted(now).noCandidate(path);
    } else if (!admitted && shown == Shown.VERIFIED && standing.level() == Level.VERIFY) {
      next = next.candidate(path, now, settings.hold());
    } else {
      next = next.below(now, settings.hold()).noCandidate(path);
    }
    Change change = Change.none(row.withViolation(next));
    return violation == null
        ? change.and(new Fact.Violated(standing.level(), host + " showed " + word(shown)))
        : change;
  }

  private static String word(Shown shown) {
    return switch (shown) {
      case SILENT -> "nothing";
      case INJECTED -> "clear text after STARTTLS";
      case CLEAR -> "no STARTTLS";
      case REFUSED -> "a refusal of STARTTLS";
      case BROKEN -> "broken TLS";
      case ENCRYPTED -> "no certificate that holds for its name";
      case VERIFIED -> "a certificate of its own, and is no host remembered";
    };
  }

  private Change met(DomainRow row, Standing standing, Path path, State state, Moment at) {
    // A clock in doubt must not lengthen a level's life into the future, nor shorten it.
    Instant seen = at.trusted() ? at.now() : standing.met();
    DomainRow next = row.withStanding(new Standing(standing.level(), standing.since(), seen));
    if (standing.level() == Level.VERIFY && row.patterns().isEmpty()) {
      next = withAlsoKnown(next, Set.of(path.host()));
    }
    Violation violation = row.violation();
    if (violation == null) {
      return Change.none(next);
    }
    Violation against = violation.with(path, state).contradicted(at.now());
    return tidied(Change.none(next.withViolation(against)), at);
  }

  /** Counted sessions from which on hosts that no delivery needs are worth a greeting. */
  static final int WORTH_GREETING = 10;

  /** How recent the last mail must be for that. */
  static final Duration MAIL_LATELY = Duration.ofDays(1);

  /** How long a host that showed no TLS to its last greeting, or refused it, is left alone. */
  static final Duration LEFT_ALONE = Duration.ofDays(30);

  /**
   * MX hosts that stand between the domain and a level because no delivery needs them: those that
   * were not seen on days enough, and not today. Empty where the domain is not worth the
   * connections, or nothing was sent there within {@link #MAIL_LATELY}.
   */
  public Set<Domain> unseen(DomainRow row, Moment at) {
    Instant now = at.now();
    boolean lately =
        row.hosts().values().stream()
            .flatMap(h -> h.recent().stream())
            .anyMatch(
                s -> s.counts() && s.shown().isTls() && s.at().isAfter(now.minus(MAIL_LATELY)));
    if (!settings.greetUnseen()
        || !at.trusted()
        || !lately
        || row.encrypt().sessions() < WORTH_GREETING) {
      return Set.of();
    }
    // A host that can do it is greeted for "verify" too, once the rest of the evidence grows.
    boolean forVerify = row.level() != Level.VERIFY && row.verify().sessions() >= WORTH_GREETING;
    Set<Domain> unseen = new HashSet<>(row.mx());
    unseen.removeIf(
        host -> {
          HostRow of = row.hosts().get(host);
          return of != null && !isWorthGreeting(of, forVerify, now);
        });
    return unseen;
  }

  private boolean isWorthGreeting(HostRow host, boolean forVerify, Instant now) {
    if (isLeftAlone(host, now)) {
      return false;
    }
    boolean encrypt = !isEnough(host.encrypted(), now);
    boolean verify =
        forVerify
            && !isEnough(host.verified(), now)
            && !host.recent().isEmpty()
            && host.recent().getLast().shown() == Shown.VERIFIED;
    long today = Tally.day(now);
    return encrypt && host.encrypted().last() != today || verify && host.verified().last() != today;
  }

  private static boolean isLeftAlone(HostRow host, Instant now) {
    return !host.recent().isEmpty()
        && !host.recent().getLast().shown().isTls()
        && host.recent().getLast().at().isAfter(now.minus(LEFT_ALONE));
  }

  /** Drops what no longer matters of a violation, and the violation when nothing is left of it. */
  private Change tidied(Change change, Moment at) {
    DomainRow row = change.row();
    Violation violation = row.violation();
    Standing standing = row.standing();
    if (violation == null || standing == null) {
      return change;
    }
    Instant oldest = at.now().minus(PATH_MEMORY);
    Violation left =
        violation.only(
            row.mx()::contains,
            (path, state) ->
                state.at().isAfter(oldest)
                    && hasFamily(row, path)
                    && (state.met() || !isGood(row, path, state, standing.level())));
    boolean over = left.paths().values().stream().noneMatch(State::isBelow);
    return over && unknown(row).isEmpty()
        ? change.with(row.withViolation(null)).and(new Fact.Healed(standing.level()))
        : change.with(row.withViolation(left));
  }

  private static boolean hasFamily(DomainRow row, Path path) {
    HostRow host = row.hosts().get(path.host());
    return host == null || (path.family() == Path.Family.IPV4 ? host.ipv4() : host.ipv6());
  }

  /** What a host showed before it was accepted is no trespass any more once it is. */
  private boolean isGood(DomainRow row, Path path, State state, Level level) {
    return state.shown().meets(level) && filter(row).admits(path.host());
  }

  private Change acceptCandidates(DomainRow row, Violation violation, Moment at) {
    Set<Domain> ripe = new HashSet<>();
    violation
        .candidates()
        .forEach(
            (path, run) -> {
              if (row.mx().contains(path.host())
                  && run.isComplete(at.now(), settings.hold(), at.steadySince())) {
                ripe.add(path.host());
              }
            });
    if (ripe.isEmpty()) {
      return Change.none(row);
    }
    // From here on there is a path that keeps the level: what others showed ran for nothing.
    DomainRow next = withAlsoKnown(row, ripe).withViolation(violation.contradicted(at.now()));
    return tidied(
        Change.none(next).and(new Fact.HostsAccepted(ripe, "steady over the whole hold")), at);
  }

  /**
   * Every host, every family, at least six observations over the whole hold, none to the contrary.
   */
  private boolean isTheirs(DomainRow row, Violation violation, Moment at) {
    Run run = violation.run();
    if (run == null || !run.isComplete(at.now(), settings.hold(), at.steadySince())) {
      return false;
    }
    Set<Domain> hosts = new HashSet<>();
    Set<Path.Family> families = new HashSet<>();
    violation
        .paths()
        .forEach(
            (path, state) -> {
              if (!state.at().isBefore(run.since())) {
                hosts.add(path.host());
                families.add(path.family());
              }
            });
    hosts.removeIf(host -> isWithoutAddress(row, host));
    long there = row.mx().stream().filter(host -> !isWithoutAddress(row, host)).count();
    return hosts.size() >= there && families.containsAll(families(row));
  }

  private static Set<Path.Family> families(DomainRow row) {
    Set<Path.Family> out = new HashSet<>();
    for (Domain host : row.mx()) {
      HostRow of = row.hosts().get(host);
      if (of != null && of.ipv4()) {
        out.add(Path.Family.IPV4);
      }
      if (of != null && of.ipv6()) {
        out.add(Path.Family.IPV6);
      }
    }
    return out;
  }

  /**
   * The admin's word: the domain is taken as it shows itself now, the MX set included.
   *
   * @return empty when there is nothing to accept
   */
  public Optional<Change> accepts(DomainRow row) {
    Violation violation = row.violation();
    return violation == null || row.standing() == null
        ? Optional.empty()
        : Optional.of(accepted(Change.none(row), violation, true));
  }

  private Change accepted(Change change, Violation violation, boolean byAdmin) {
    DomainRow row = change.row();
    Standing standing = java.util.Objects.requireNonNull(row.standing());
    Run run = violation.run();
    Instant from = byAdmin || run == null ? Instant.MIN : run.since();
    // The best path of each host: who sits on one of them must not speak for the host.
    Map<Domain, Shown> best = new HashMap<>();
    violation
        .paths()
        .forEach(
            (path, state) -> {
              if (state.isBelow() && !state.at().isBefore(from)) {
                best.merge(path.host(), state.shown(), (a, b) -> a.compareTo(b) >= 0 ? a : b);
              }
            });
    Shown least = best.values().stream().min(Comparator.naturalOrder()).orElse(Shown.VERIFIED);
    Level before = standing.level();
    @Nullable Level after =
        least == Shown.VERIFIED ? before : least == Shown.ENCRYPTED ? Level.ENCRYPT : null;
    if (after == null) {
      return change.with(startAgain(row)).and(new Fact.Accepted(before, null, byAdmin));
    }
    DomainRow next =
        row.withViolation(null)
            .withStanding(new Standing(after, standing.since(), standing.met()))
            .withKnown(after == Level.VERIFY ? row.mx() : Set.of(), List.of());
    return after == before
        ? change.with(next).and(new Fact.HostsAccepted(row.mx(), byAdmin ? "admin" : "hold"))
        : change
            .with(withoutRuns(next, false).withTallies(row.encrypt(), Tally.NONE))
            .and(new Fact.Accepted(before, after, byAdmin));
  }

  private static DomainRow startAgain(DomainRow row) {
    return withoutRuns(row, true)
        .withStanding(null)
        .withViolation(null)
        .withTallies(Tally.NONE, Tally.NONE)
        .withKnown(Set.of(), List.of());
  }

  private DomainRow withAlsoKnown(DomainRow row, Set<Domain> more) {
    if (row.patterns().isEmpty() && row.known().containsAll(more)) {
      return row;
    }
    Set<Domain> known = new HashSet<>(row.known());
    if (!row.patterns().isEmpty()) {
      // The policy's patterns have served: from here on hosts are known one by one.
      Set<Domain> admitted = new HashSet<>(row.mx());
      admitted.removeAll(unknown(row));
      known.addAll(admitted);
    }
    known.addAll(more);
    for (Domain host : row.known()) {
      if (known.size() > DomainRow.MAX_KNOWN && !row.mx().contains(host)) {
        known.remove(host);
      }
    }
    return row.withKnown(known, List.of());
  }

  /** An MTA-STS policy ran out while its refresh failed (docs/policy.md). */
  public Change keeps(DomainRow row, List<MxPattern> patterns, Moment at) {
    if (row.level() == Level.VERIFY) {
      return Change.none(row);
    }
    return Change.none(
            row.withStanding(new Standing(Level.VERIFY, at.now(), at.now()))
                .withViolation(null)
                .withKnown(
                    Set.of(),
                    patterns.subList(0, Math.min(patterns.size(), DomainRow.MAX_PATTERNS))))
        .and(new Fact.Promoted(Level.VERIFY));
  }

  /** The class of the violation that stands, for people. */
  public ViolationClass classOf(DomainRow row, Moment at) {
    Violation violation = row.violation();
    if (violation == null) {
      return ViolationClass.UNDECIDED;
    }
    Instant contradicted = violation.contradicted();
    boolean onlyCandidates =
        violation.paths().entrySet().stream()
            .filter(e -> e.getValue().isBelow())
            .allMatch(e -> violation.candidates().containsKey(e.getKey()));
    if (contradicted != null
        && contradicted.plus(settings.hold()).isAfter(at.now())
        && !onlyCandidates) {
      return ViolationClass.ATTACK_LIKE;
    }
    if (violation.nearUs()) {
      return ViolationClass.NEAR_US;
    }
    return isTheirs(row, violation, at) ? ViolationClass.THEIRS : ViolationClass.UNDECIDED;
  }

  /** The violation that stands, for people. */
  public Optional<Alarm> alarm(DomainRow row, Moment at) {
    Violation violation = row.violation();
    Standing standing = row.standing();
    if (violation == null || standing == null) {
      return Optional.empty();
    }
    ViolationClass what = classOf(row, at);
    Instant accepts =
        settings.regression() == Regression.ASK || violation.nearUs()
            ? null
            : earliest(violation, at);
    String text =
        "has shown "
            + standing.level().word()
            + " since "
            + standing.since()
            + ", and less since "
            + violation.since()
            + " ("
            + what.word()
            + ")";
    return Optional.of(new Alarm(what, violation.since(), accepts, text));
  }

  private @Nullable Instant earliest(Violation violation, Moment at) {
    Instant earliest = null;
    Run all = violation.run();
    if (all != null) {
      earliest = end(all, at);
    }
    for (Run run : violation.candidates().values()) {
      Instant end = end(run, at);
      earliest = earliest == null || end.isBefore(earliest) ? end : earliest;
    }
    return earliest;
  }

  private Instant end(Run run, Moment at) {
    Instant from = run.since().isBefore(at.steadySince()) ? at.steadySince() : run.since();
    return from.plus(settings.hold());
  }
}

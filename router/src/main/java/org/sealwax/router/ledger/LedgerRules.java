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
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.ledger.DomainRecord.ReachedLevel;
import org.sealwax.router.ledger.LedgerChange.Fact;
import org.sealwax.router.ledger.LedgerSettings.Regression;
import org.sealwax.router.ledger.Violation.ObservationRun;
import org.sealwax.router.ledger.Violation.PathState;

/**
 * The ledger's decisions: a row and what happened become the next row. Pure.
 *
 * <p>Three questions are answered here and nowhere else. <em>When is a level reached?</em> When
 * mail that counts has shown it often enough on enough days, no host of the MX set is without it,
 * and nothing lesser was seen in between. <em>When is it violated?</em> When a path shows less, or
 * the MX set has hosts that are neither remembered, nor of a remembered organisation, nor vouched
 * for. <em>When is that accepted?</em> When for the whole hold every observation on every path
 * showed it: one observation that keeps the level ends the run, and the hold begins again. So an
 * attacker must own all paths all the time; and an honest domain waits no longer than the hold,
 * because whatever ends its run is a path on which its mail gets through.
 *
 * @param settings amounts
 * @param suffixes separate organisations
 */
public record LedgerRules(LedgerSettings settings, PublicSuffixList suffixes) {
  /** A path that showed less and was never tried again does not count after so long. */
  static final Duration PATH_MEMORY = Duration.ofDays(7);

  /** The hosts that the domain's level admits. */
  public MxFilter filter(DomainRecord row) {
    if (row.level() != TlsLevel.VERIFY) {
      return new MxFilter.Any();
    }
    return row.patterns().isEmpty()
        ? new MxFilter.LedgerKnown(row.known(), organisations(row.known()))
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
  public Optional<Evidence.LedgerLevel> evidence(DomainRecord row) {
    ReachedLevel reached = row.standing();
    return reached == null
        ? Optional.empty()
        : Optional.of(
            new Evidence.LedgerLevel(
                reached.level(),
                filter(row),
                reached.since(),
                reached.met().plus(settings.decay())));
  }

  /** What time alone changes: decay, and acceptance that has become due. */
  public LedgerChange timePassed(DomainRecord row, ClockReading at) {
    ReachedLevel reached = row.standing();
    if (reached == null || !at.trusted()) {
      return LedgerChange.none(row);
    }
    if (at.now().isAfter(reached.met().plus(settings.decay()))) {
      return LedgerChange.none(restart(row)).and(new Fact.Decayed(reached.level()));
    }
    Violation violation = row.violation();
    if (violation == null || violation.nearUs() || settings.regression() == Regression.ASK) {
      return LedgerChange.none(row);
    }
    LedgerChange change = acceptCandidates(row, violation, at);
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
  public LedgerChange roundBegins(
      DomainRecord before, RoundMx answer, Predicate<Domain> vouched, ClockReading at) {
    // The same resolution, out of the resolver's cache: nothing new, and nothing to be written.
    boolean known =
        before.mx().equals(answer.hosts())
            && LevelProgress.isSameResolution(before.mxUntil(), answer.until());
    DomainRecord row = known ? before : before.withMx(answer.hosts(), answer.until());
    LedgerChange change = LedgerChange.none(row);
    if (row.level() == TlsLevel.VERIFY) {
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
                .and(new Fact.Violated(TlsLevel.VERIFY, "MX hosts never seen before: " + unknown));
      }
    } else {
      change = LedgerChange.none(onSameHosts(row));
    }
    LedgerChange tidied = tidied(change, at);
    return joined(tidied, timePassed(tidied.row(), at));
  }

  /**
   * Evidence for {@code verify} is about one set of organisations. An answer with another one
   * begins it again: else one forged answer, at the moment of promotion, would be remembered for
   * good.
   */
  private DomainRecord onSameHosts(DomainRecord row) {
    MxFilter base = new MxFilter.LedgerKnown(row.known(), organisations(row.known()));
    return row.mx().stream().allMatch(base::admits)
        ? withAlsoKnown(row, row.mx())
        : withoutRuns(row, false)
            .withTallies(row.encrypt(), LevelProgress.NONE)
            .withKnown(row.mx(), List.of());
  }

  /** The addresses of {@code host} are known: every family of them is a path. */
  public static LedgerChange resolves(
      DomainRecord row, Domain host, boolean ipv4, boolean ipv6, ClockReading at) {
    HostRecord of = row.hosts().get(host);
    boolean known = of != null && of.ipv4() == ipv4 && of.ipv6() == ipv6;
    return LedgerChange.none(
        known ? row : row.withHost(host, h -> h.withAddresses(ipv4, ipv6), at.now()));
  }

  /** A connection to {@code host} showed something. */
  public LedgerChange observed(
      DomainRecord before, Domain host, RememberedSample sample, ClockReading at) {
    Instant now = at.now();
    DomainRecord row = before.withHost(host, h -> h.with(sample), now);
    if (at.trusted() && row.mx().contains(host)) {
      row = learnt(row, host, sample, at);
    }
    LedgerChange change = judged(row, host, sample, at);
    LedgerChange settled = timePassed(change.row(), at);
    LedgerChange all = joined(change, settled);
    return at.trusted() ? promoted(all, at) : all;
  }

  private static LedgerChange joined(LedgerChange first, LedgerChange then) {
    LedgerChange all = new LedgerChange(then.row(), first.facts());
    for (Fact fact : then.facts()) {
      all = all.and(fact);
    }
    return all;
  }

  private DomainRecord learnt(
      DomainRecord row, Domain host, RememberedSample sample, ClockReading at) {
    return switch (sample.level()) {
      case SILENT, BROKEN -> row;
      case INJECTED, CLEAR, REFUSED ->
          withoutRuns(row, true).withTallies(LevelProgress.NONE, LevelProgress.NONE);
      case ENCRYPTED -> {
        DomainRecord less = withoutRuns(row, false).withTallies(row.encrypt(), LevelProgress.NONE);
        yield learnt(less, host, sample.origin(), false, at);
      }
      case VERIFIED -> learnt(row, host, sample.origin(), true, at);
    };
  }

  private DomainRecord learnt(
      DomainRecord row,
      Domain host,
      RememberedSample.SampleOrigin origin,
      boolean verified,
      ClockReading at) {
    return switch (origin) {
      case MAIL -> greeted(counted(row, verified, at), host, verified, at);
      case GREETING -> greeted(row, host, verified, at);
      case OTHER -> row;
    };
  }

  private static DomainRecord greeted(
      DomainRecord row, Domain host, boolean verified, ClockReading at) {
    return row.withHost(
        host,
        h ->
            h.withDays(
                h.encrypted().on(at.now()), verified ? h.verified().on(at.now()) : h.verified()),
        at.now());
  }

  private DomainRecord counted(DomainRecord row, boolean verified, ClockReading at) {
    LevelProgress encrypt = fresh(row.encrypt(), at).counted(at.now(), row.mxUntil(), settings);
    LevelProgress verify =
        verified
            ? fresh(row.verify(), at).counted(at.now(), row.mxUntil(), settings)
            : row.verify();
    return row.withTallies(encrypt, verify);
  }

  /** Evidence from before the time of decay is none. */
  private LevelProgress fresh(LevelProgress tally, ClockReading at) {
    return tally.sessions() > 0
            && LevelProgress.day(at.now()) - tally.lastDay() > settings.decay().toDays()
        ? LevelProgress.NONE
        : tally;
  }

  private static DomainRecord withoutRuns(DomainRecord row, boolean encryptedToo) {
    Map<Domain, HostRecord> rows = new HashMap<>();
    row.hosts()
        .forEach(
            (host, h) ->
                rows.put(
                    host,
                    h.withDays(
                        encryptedToo ? HostRecord.Days.NONE : h.encrypted(),
                        HostRecord.Days.NONE)));
    return row.withHosts(rows, row.last());
  }

  private LedgerChange promoted(LedgerChange change, ClockReading at) {
    DomainRecord row = change.row();
    if (row.violation() != null || row.mx().isEmpty()) {
      return change;
    }
    boolean verify =
        row.verify().isEnough(settings)
            && row.mx().stream().allMatch(m -> isObserved(row, m, HostRecord::verified, at));
    boolean encrypt =
        row.encrypt().isEnough(settings)
            && row.mx().stream().allMatch(m -> isObserved(row, m, HostRecord::encrypted, at));
    TlsLevel level = row.level();
    if (verify && level != TlsLevel.VERIFY) {
      return change
          .with(
              row.withStanding(new ReachedLevel(TlsLevel.VERIFY, at.now(), at.now()))
                  .withKnown(row.known(), List.of()))
          .and(new Fact.Promoted(TlsLevel.VERIFY));
    }
    return encrypt && level == null
        ? change
            .with(row.withStanding(new ReachedLevel(TlsLevel.ENCRYPT, at.now(), at.now())))
            .and(new Fact.Promoted(TlsLevel.ENCRYPT))
        : change;
  }

  /** Whether a host was seen on days enough; one without an address is silent, and no obstacle. */
  private boolean isObserved(
      DomainRecord row, Domain host, Function<HostRecord, HostRecord.Days> how, ClockReading at) {
    HostRecord of = row.hosts().get(host);
    return of != null && (of.isWithoutAddress() || isEnough(how.apply(of), at.now()));
  }

  private boolean isEnough(HostRecord.Days days, Instant now) {
    return days.count() >= settings.hostDays()
        && LevelProgress.day(now) - days.last() <= settings.decay().toDays();
  }

  private static boolean isWithoutAddress(DomainRecord row, Domain host) {
    HostRecord of = row.hosts().get(host);
    return of != null && of.isWithoutAddress();
  }

  /** Hosts of the MX set that the level does not admit. */
  Set<Domain> unknown(DomainRecord row) {
    MxFilter filter = filter(row);
    Set<Domain> out = new HashSet<>(row.mx());
    out.removeIf(filter::admits);
    return out;
  }

  private LedgerChange judged(
      DomainRecord row, Domain host, RememberedSample sample, ClockReading at) {
    ReachedLevel reached = row.standing();
    if (reached == null || !row.mx().contains(host)) {
      return LedgerChange.none(row);
    }
    Instant now = at.now();
    ProvenLevel proven = sample.level();
    boolean admitted = filter(row).admits(host);
    boolean met = admitted && proven.meets(reached.level());
    HostPath path = new HostPath(host, sample.family());
    Violation violation = row.violation();
    if (proven == ProvenLevel.SILENT) {
      PathState last = violation == null ? null : violation.paths().get(path);
      return violation == null || last != null && last.isBelow()
          ? LedgerChange.none(row)
          : LedgerChange.none(
              row.withViolation(violation.with(path, new PathState(proven, false, now))));
    }
    if (met) {
      return met(row, reached, path, new PathState(proven, true, now), at);
    }
    if (sample.proven() && proven.isTls()) {
      // Present proof outranks memory: mail passes on this path, whatever the certificate is.
      return violation == null
          ? LedgerChange.none(row)
          : tidied(
              LedgerChange.none(
                  row.withViolation(
                      violation
                          .with(path, new PathState(proven, true, now))
                          .contradicted(now)
                          .noCandidate(path))),
              at);
    }
    Violation next =
        (violation == null ? Violation.begins(now) : violation)
            .with(path, new PathState(proven, false, now));
    if (proven == ProvenLevel.INJECTED) {
      next = next.contradicted(now).noCandidate(path);
    } else if (!admitted && proven == ProvenLevel.VERIFIED && reached.level() == TlsLevel.VERIFY) {
      next = next.candidate(path, now, settings.hold());
    } else {
      next = next.below(now, settings.hold()).noCandidate(path);
    }
    LedgerChange change = LedgerChange.none(row.withViolation(next));
    return violation == null
        ? change.and(new Fact.Violated(reached.level(), host + " showed " + word(proven)))
        : change;
  }

  private static String word(ProvenLevel proven) {
    return switch (proven) {
      case SILENT -> "nothing";
      case INJECTED -> "clear text after STARTTLS";
      case CLEAR -> "no STARTTLS";
      case REFUSED -> "a refusal of STARTTLS";
      case BROKEN -> "broken TLS";
      case ENCRYPTED -> "no certificate that holds for its name";
      case VERIFIED -> "a certificate of its own, and is no host remembered";
    };
  }

  private LedgerChange met(
      DomainRecord row, ReachedLevel reached, HostPath path, PathState state, ClockReading at) {
    // A clock in doubt must not lengthen a level's life into the future, nor shorten it.
    Instant seenAt = at.trusted() ? at.now() : reached.met();
    DomainRecord next =
        row.withStanding(new ReachedLevel(reached.level(), reached.since(), seenAt));
    if (reached.level() == TlsLevel.VERIFY && row.patterns().isEmpty()) {
      next = withAlsoKnown(next, Set.of(path.host()));
    }
    Violation violation = row.violation();
    if (violation == null) {
      return LedgerChange.none(next);
    }
    Violation against = violation.with(path, state).contradicted(at.now());
    return tidied(LedgerChange.none(next.withViolation(against)), at);
  }

  /** Counted sessions from which on hosts that no delivery needs are worth a greeting. */
  static final int MIN_SESSIONS_TO_PROBE = 10;

  /** How recent the last mail must be for that. */
  static final Duration MAIL_LATELY = Duration.ofDays(1);

  /** How long a host that showed no TLS to its last greeting, or refused it, is left alone. */
  static final Duration PROBE_PAUSE = Duration.ofDays(30);

  /**
   * MX hosts that stand between the domain and a level because no delivery needs them: those that
   * were not seen on days enough, and not today. Empty where the domain is not worth the
   * connections, or nothing was sent there within {@link #MAIL_LATELY}.
   */
  public Set<Domain> hostsToProbe(DomainRecord row, ClockReading at) {
    Instant now = at.now();
    boolean lately =
        row.hosts().values().stream()
            .flatMap(h -> h.recent().stream())
            .anyMatch(
                s -> s.counts() && s.level().isTls() && s.at().isAfter(now.minus(MAIL_LATELY)));
    if (!settings.greetUnseen()
        || !at.trusted()
        || !lately
        || row.encrypt().sessions() < MIN_SESSIONS_TO_PROBE) {
      return Set.of();
    }
    // A host that can do it is greeted for "verify" too, once the rest of the evidence grows.
    boolean forVerify =
        row.level() != TlsLevel.VERIFY && row.verify().sessions() >= MIN_SESSIONS_TO_PROBE;
    Set<Domain> unseen = new HashSet<>(row.mx());
    unseen.removeIf(
        host -> {
          HostRecord of = row.hosts().get(host);
          return of != null && !isProbeUseful(of, forVerify, now);
        });
    return unseen;
  }

  private boolean isProbeUseful(HostRecord host, boolean forVerify, Instant now) {
    if (isProbePaused(host, now)) {
      return false;
    }
    boolean encrypt = !isEnough(host.encrypted(), now);
    boolean verify =
        forVerify
            && !isEnough(host.verified(), now)
            && !host.recent().isEmpty()
            && host.recent().getLast().level() == ProvenLevel.VERIFIED;
    long today = LevelProgress.day(now);
    return encrypt && host.encrypted().last() != today || verify && host.verified().last() != today;
  }

  private static boolean isProbePaused(HostRecord host, Instant now) {
    return !host.recent().isEmpty()
        && !host.recent().getLast().level().isTls()
        && host.recent().getLast().at().isAfter(now.minus(PROBE_PAUSE));
  }

  /** Drops what no longer matters of a violation, and the violation when nothing is left of it. */
  private LedgerChange tidied(LedgerChange change, ClockReading at) {
    DomainRecord row = change.row();
    Violation violation = row.violation();
    ReachedLevel reached = row.standing();
    if (violation == null || reached == null) {
      return change;
    }
    Instant oldest = at.now().minus(PATH_MEMORY);
    Violation left =
        violation.only(
            row.mx()::contains,
            (path, state) ->
                state.at().isAfter(oldest)
                    && hasFamily(row, path)
                    && (state.met() || !isGood(row, path, state, reached.level())));
    boolean over = left.paths().values().stream().noneMatch(PathState::isBelow);
    return over && unknown(row).isEmpty()
        ? change.with(row.withViolation(null)).and(new Fact.Recovered(reached.level()))
        : change.with(row.withViolation(left));
  }

  private static boolean hasFamily(DomainRecord row, HostPath path) {
    HostRecord host = row.hosts().get(path.host());
    return host == null || (path.family() == HostPath.PathFamily.IPV4 ? host.ipv4() : host.ipv6());
  }

  /** What a host showed before it was accepted is no trespass any more once it is. */
  private boolean isGood(DomainRecord row, HostPath path, PathState state, TlsLevel level) {
    return state.level().meets(level) && filter(row).admits(path.host());
  }

  private LedgerChange acceptCandidates(DomainRecord row, Violation violation, ClockReading at) {
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
      return LedgerChange.none(row);
    }
    // From here on there is a path that keeps the level: what others showed ran for nothing.
    DomainRecord next = withAlsoKnown(row, ripe).withViolation(violation.contradicted(at.now()));
    return tidied(
        LedgerChange.none(next).and(new Fact.HostsAccepted(ripe, "steady over the whole hold")),
        at);
  }

  /**
   * Every host, every family, at least six observations over the whole hold, none to the contrary.
   */
  private boolean isTheirs(DomainRecord row, Violation violation, ClockReading at) {
    ObservationRun run = violation.run();
    if (run == null || !run.isComplete(at.now(), settings.hold(), at.steadySince())) {
      return false;
    }
    Set<Domain> hosts = new HashSet<>();
    Set<HostPath.PathFamily> families = new HashSet<>();
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

  private static Set<HostPath.PathFamily> families(DomainRecord row) {
    Set<HostPath.PathFamily> out = new HashSet<>();
    for (Domain host : row.mx()) {
      HostRecord of = row.hosts().get(host);
      if (of != null && of.ipv4()) {
        out.add(HostPath.PathFamily.IPV4);
      }
      if (of != null && of.ipv6()) {
        out.add(HostPath.PathFamily.IPV6);
      }
    }
    return out;
  }

  /**
   * The admin's word: the domain is taken as it shows itself now, the MX set included.
   *
   * @return empty when there is nothing to accept
   */
  public Optional<LedgerChange> acceptedByAdmin(DomainRecord row) {
    Violation violation = row.violation();
    return violation == null || row.standing() == null
        ? Optional.empty()
        : Optional.of(accepted(LedgerChange.none(row), violation, true));
  }

  private LedgerChange accepted(LedgerChange change, Violation violation, boolean byAdmin) {
    DomainRecord row = change.row();
    ReachedLevel reached = java.util.Objects.requireNonNull(row.standing());
    ObservationRun run = violation.run();
    Instant from = byAdmin || run == null ? Instant.MIN : run.since();
    // The best path of each host: an attacker on one of them must not lower the others.
    Map<Domain, ProvenLevel> best = new HashMap<>();
    violation
        .paths()
        .forEach(
            (path, state) -> {
              if (state.isBelow() && !state.at().isBefore(from)) {
                best.merge(path.host(), state.level(), (a, b) -> a.compareTo(b) >= 0 ? a : b);
              }
            });
    ProvenLevel least =
        best.values().stream().min(Comparator.naturalOrder()).orElse(ProvenLevel.VERIFIED);
    TlsLevel before = reached.level();
    @Nullable TlsLevel after =
        least == ProvenLevel.VERIFIED
            ? before
            : least == ProvenLevel.ENCRYPTED ? TlsLevel.ENCRYPT : null;
    if (after == null) {
      return change.with(restart(row)).and(new Fact.Accepted(before, null, byAdmin));
    }
    DomainRecord next =
        row.withViolation(null)
            .withStanding(new ReachedLevel(after, reached.since(), reached.met()))
            .withKnown(after == TlsLevel.VERIFY ? row.mx() : Set.of(), List.of());
    return after == before
        ? change.with(next).and(new Fact.HostsAccepted(row.mx(), byAdmin ? "admin" : "hold"))
        : change
            .with(withoutRuns(next, false).withTallies(row.encrypt(), LevelProgress.NONE))
            .and(new Fact.Accepted(before, after, byAdmin));
  }

  private static DomainRecord restart(DomainRecord row) {
    return withoutRuns(row, true)
        .withStanding(null)
        .withViolation(null)
        .withTallies(LevelProgress.NONE, LevelProgress.NONE)
        .withKnown(Set.of(), List.of());
  }

  private DomainRecord withAlsoKnown(DomainRecord row, Set<Domain> more) {
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
      if (known.size() > DomainRecord.MAX_KNOWN && !row.mx().contains(host)) {
        known.remove(host);
      }
    }
    return row.withKnown(known, List.of());
  }

  /** An MTA-STS policy ran out while its refresh failed (docs/policy.md). */
  public LedgerChange policyExpired(DomainRecord row, List<MxPattern> patterns, ClockReading at) {
    if (row.level() == TlsLevel.VERIFY) {
      return LedgerChange.none(row);
    }
    return LedgerChange.none(
            row.withStanding(new ReachedLevel(TlsLevel.VERIFY, at.now(), at.now()))
                .withViolation(null)
                .withKnown(
                    Set.of(),
                    patterns.subList(0, Math.min(patterns.size(), DomainRecord.MAX_PATTERNS))))
        .and(new Fact.Promoted(TlsLevel.VERIFY));
  }

  /** The class of the violation that stands, for display. */
  public ViolationClass classOf(DomainRecord row, ClockReading at) {
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

  /** The violation that stands, for display. */
  public Optional<ActiveViolation> activeViolation(DomainRecord row, ClockReading at) {
    Violation violation = row.violation();
    ReachedLevel reached = row.standing();
    if (violation == null || reached == null) {
      return Optional.empty();
    }
    ViolationClass what = classOf(row, at);
    Instant accepts =
        settings.regression() == Regression.ASK || violation.nearUs()
            ? null
            : earliest(violation, at);
    String text =
        "has shown "
            + reached.level().word()
            + " since "
            + reached.since()
            + ", and less since "
            + violation.since()
            + " ("
            + what.word()
            + ")";
    return Optional.of(new ActiveViolation(what, violation.since(), accepts, text));
  }

  private @Nullable Instant earliest(Violation violation, ClockReading at) {
    Instant earliest = null;
    ObservationRun all = violation.run();
    if (all != null) {
      earliest = end(all, at);
    }
    for (ObservationRun run : violation.candidates().values()) {
      Instant end = end(run, at);
      earliest = earliest == null || end.isBefore(earliest) ? end : earliest;
    }
    return earliest;
  }

  private Instant end(ObservationRun run, ClockReading at) {
    Instant from = run.since().isBefore(at.steadySince()) ? at.steadySince() : run.since();
    return from.plus(settings.hold());
  }
}

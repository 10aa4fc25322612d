package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.ledger.DomainRecord.ReachedLevel;
import org.sealwax.router.ledger.LedgerSettings.Regression;
import org.sealwax.router.ledger.Violation.ObservationRun;

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
    return filter(row.level(), row.known(), row.patterns());
  }

  MxFilter filter(@Nullable TlsLevel level, Set<Domain> known, List<MxPattern> patterns) {
    if (level != TlsLevel.VERIFY) {
      return new MxFilter.Any();
    }
    return patterns.isEmpty()
        ? new MxFilter.LedgerKnown(known, organisations(known))
        : new MxFilter.Patterns(patterns);
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

  /** Whether time alone changes nothing: no level, or one that is neither old nor violated. */
  boolean isSettled(DomainRecord row, Instant now) {
    ReachedLevel reached = row.standing();
    return reached == null
        || row.violation() == null && !now.isAfter(reached.met().plus(settings.decay()));
  }

  /** What an event makes of a row at a time. */
  public LedgerTransition step(DomainRecord row, ClockReading at) {
    return new LedgerTransition(this, row, at);
  }

  /** Whether the days on which a host was seen are enough and not too long ago. */
  boolean isEnough(HostRecord.Days days, Instant now) {
    return days.count() >= settings.hostDays()
        && LevelProgress.day(now) - days.last() <= settings.decay().toDays();
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
    if (!settings.greetUnseen()
        || !at.trusted()
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
    return unseen.isEmpty() || hasMailLately(row, now) ? unseen : Set.of();
  }

  private static boolean hasMailLately(DomainRecord row, Instant now) {
    return row.hosts().values().stream()
        .flatMap(h -> h.history().stream())
        .anyMatch(s -> s.counts() && s.level().isTls() && s.at().isAfter(now.minus(MAIL_LATELY)));
  }

  private boolean isProbeUseful(HostRecord host, boolean forVerify, Instant now) {
    long today = LevelProgress.day(now);
    boolean encrypt = !isEnough(host.encrypted(), now) && host.encrypted().last() != today;
    boolean verify =
        forVerify && !isEnough(host.verified(), now) && host.verified().last() != today;
    if (!encrypt && !verify) {
      return false;
    }
    List<RememberedSample> recent = host.history();
    if (recent.isEmpty()) {
      return encrypt;
    }
    RememberedSample last = recent.getLast();
    boolean paused = !last.level().isTls() && last.at().isAfter(now.minus(PROBE_PAUSE));
    return !paused && (encrypt || last.level() == ProvenLevel.VERIFIED);
  }

  /**
   * Every host, every family, at least six observations over the whole hold, none to the contrary.
   */
  static boolean isTheirs(DomainRecord row, Violation violation, Duration hold, ClockReading at) {
    ObservationRun run = violation.run();
    if (run == null || !run.isComplete(at.now(), hold, at.steadySince())) {
      return false;
    }
    Set<Domain> hosts = new HashSet<>();
    Set<HostPath.PathFamily> families = EnumSet.noneOf(HostPath.PathFamily.class);
    for (Domain host : row.mx()) {
      HostRecord of = row.hosts().get(host);
      if (of == null || !of.isWithoutAddress()) {
        hosts.add(host);
      }
      if (of != null && of.ipv4()) {
        families.add(HostPath.PathFamily.IPV4);
      }
      if (of != null && of.ipv6()) {
        families.add(HostPath.PathFamily.IPV6);
      }
    }
    violation
        .paths()
        .forEach(
            (path, state) -> {
              if (!state.at().isBefore(run.since())) {
                hosts.remove(path.host());
                families.remove(path.family());
              }
            });
    return hosts.isEmpty() && families.isEmpty();
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
    return isTheirs(row, violation, settings.hold(), at)
        ? ViolationClass.THEIRS
        : ViolationClass.UNDECIDED;
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
            + reached.since().truncatedTo(ChronoUnit.SECONDS)
            + ", and less since "
            + violation.since().truncatedTo(ChronoUnit.SECONDS)
            + " ("
            + what.word()
            + ")";
    return Optional.of(new ActiveViolation(what, violation.since(), accepts, text));
  }

  private @Nullable Instant earliest(Violation violation, ClockReading at) {
    return Stream.concat(
            Stream.ofNullable(violation.run()), violation.candidates().values().stream())
        .map(run -> run.end(settings.hold(), at.steadySince()))
        .min(Comparator.naturalOrder())
        .orElse(null);
  }
}

package org.sealwax.router.ledger;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.ledger.DomainRecord.ReachedLevel;
import org.sealwax.router.ledger.LedgerSettings.Regression;
import org.sealwax.router.ledger.Violation.ObservationRun;
import org.sealwax.router.ledger.Violation.PathState;

/**
 * One step of {@link LedgerRules}: a copy of a row that one event changes, and then the next row.
 * Used once, by one thread, for one event.
 */
public final class LedgerTransition {
  private final LedgerRules rules;
  private final ClockReading at;
  private final Instant now;
  private final DomainRecord before;
  private @Nullable ReachedLevel standing;
  private LevelProgress encrypt;
  private LevelProgress verify;
  private Set<Domain> mx;
  private Instant mxUntil;
  private Set<Domain> known;
  private List<MxPattern> patterns;
  private Map<Domain, HostRecord> hosts;
  private @Nullable Violation violation;
  private Instant last;
  private final List<LedgerChange.Fact> facts = new ArrayList<>();

  LedgerTransition(LedgerRules rules, DomainRecord row, ClockReading at) {
    this.rules = rules;
    this.at = at;
    this.now = at.now();
    this.before = row;
    this.standing = row.standing();
    this.encrypt = row.encrypt();
    this.verify = row.verify();
    this.mx = row.mx();
    this.mxUntil = row.mxUntil();
    this.known = row.known();
    this.patterns = row.patterns();
    this.hosts = row.hosts();
    this.violation = row.violation();
    this.last = row.last();
  }

  private DomainRecord row() {
    return new DomainRecord(
        before.domain(),
        standing,
        encrypt,
        verify,
        mx,
        mxUntil,
        known,
        patterns,
        hosts,
        violation,
        before.first(),
        last);
  }

  private LedgerChange change() {
    DomainRecord row = row();
    if (before.violation() != null && violation != null) {
      ViolationClass now = rules.classOf(row, at);
      if (now != rules.classOf(before, at)) {
        fact(null, "violation is now of class " + now.word());
      }
    }
    return new LedgerChange(row, facts);
  }

  private void fact(@Nullable LedgerEvent event, String text) {
    facts.add(new LedgerChange.Fact(event, text));
  }

  private void promoted(TlsLevel to) {
    standing = new ReachedLevel(to, now, now);
    fact(LedgerEvent.PROMOTED, "has reached level " + to.word());
  }

  private void violated(TlsLevel from, String description) {
    fact(LedgerEvent.VIOLATED, "shows less than its level " + from.word() + ": " + description);
  }

  private void hostsAccepted(Set<Domain> accepted, String why) {
    String names =
        accepted.stream().map(Object::toString).sorted().collect(Collectors.joining(", "));
    fact(LedgerEvent.ACCEPTED, "has new MX hosts, accepted (" + why + "): " + names);
  }

  private void accepted(TlsLevel was, @Nullable TlsLevel is, boolean byAdmin) {
    fact(
        LedgerEvent.ACCEPTED,
        "is accepted at its present level"
            + (byAdmin ? ", by the admin" : ", at the end of the hold")
            + ": its level was "
            + was.word()
            + " and is now "
            + (is == null ? "none" : is.word()));
  }

  private @Nullable TlsLevel level() {
    return standing == null ? null : standing.level();
  }

  private MxFilter filter() {
    return rules.filter(level(), known, patterns);
  }

  /** Hosts of the MX set that the level does not admit. */
  private Set<Domain> unknown() {
    MxFilter filter = filter();
    Set<Domain> out = new HashSet<>(mx);
    out.removeIf(filter::admits);
    return out;
  }

  /** What time alone changes: decay, and acceptance that has become due. */
  public LedgerChange timePassed() {
    passTime();
    return change();
  }

  private void passTime() {
    ReachedLevel reached = standing;
    if (reached == null || !at.trusted()) {
      return;
    }
    if (now.isAfter(reached.met().plus(rules.settings().decay()))) {
      restart();
      fact(
          LedgerEvent.DECAYED,
          "has not shown its level "
              + reached.level().word()
              + " for "
              + CountText.of(rules.settings().decay().toDays(), "day")
              + "; the level expires");
      return;
    }
    Violation current = violation;
    if (current == null || current.nearUs() || rules.settings().regression() == Regression.ASK) {
      return;
    }
    acceptCandidates(current);
    Violation left = violation;
    if (left != null && LedgerRules.isTheirs(row(), left, rules.settings().hold(), at)) {
      accept(left, false);
    }
  }

  /**
   * A round begins with an answer of the DNS.
   *
   * @param vouched whether a published policy in force lists a host
   */
  public LedgerChange roundBegins(RoundMx answer, Predicate<Domain> vouched) {
    // The same resolution, out of the resolver's cache: nothing new, and nothing to be written.
    if (!mx.equals(answer.hosts()) || !LevelProgress.isSameResolution(mxUntil, answer.until())) {
      mx = answer.hosts();
      mxUntil = answer.until();
    }
    if (level() == TlsLevel.VERIFY) {
      Set<Domain> unknown = unknown();
      Set<Domain> good = new HashSet<>(unknown);
      good.removeIf(host -> !answer.secure() && !vouched.test(host));
      if (!good.isEmpty()) {
        alsoKnow(good);
        hostsAccepted(good, answer.secure() ? "DNSSEC" : "MTA-STS");
        unknown.removeAll(good);
      }
      if (!unknown.isEmpty() && violation == null) {
        violation = Violation.begins(now);
        violated(
            TlsLevel.VERIFY,
            "MX hosts never seen before: "
                + unknown.stream().map(Domain::name).sorted().collect(Collectors.joining(", ")));
      }
    } else {
      keepToSameHosts();
    }
    tidy();
    passTime();
    return change();
  }

  /**
   * Evidence for {@code verify} is about one set of organisations. An answer with another one
   * begins it again: else one forged answer, at the moment of promotion, would be remembered
   * permanently.
   */
  private void keepToSameHosts() {
    MxFilter base = new MxFilter.LedgerKnown(known, rules.organisations(known));
    if (mx.stream().allMatch(base::admits)) {
      alsoKnow(mx);
    } else {
      restartFrom(TlsLevel.VERIFY);
      known = mx;
      patterns = List.of();
    }
  }

  /** The addresses of {@code host} are known: every family of them is a path. */
  public LedgerChange resolves(Domain host, boolean ipv4, boolean ipv6) {
    HostRecord of = hosts.get(host);
    if (of != null && of.ipv4() == ipv4 && of.ipv6() == ipv6) {
      return LedgerChange.none(before);
    }
    host(host, h -> h.withAddresses(ipv4, ipv6));
    return change();
  }

  /** A connection to {@code host} showed something. */
  public LedgerChange observed(Domain host, RememberedSample sample) {
    host(host, h -> h.with(sample));
    if (at.trusted() && mx.contains(host)) {
      learn(host, sample);
    }
    judge(host, sample);
    passTime();
    if (at.trusted()) {
      promote();
    }
    return change();
  }

  /** Changes one host; a new one may push out one that is not an MX host any more. */
  private void host(Domain host, UnaryOperator<HostRecord> change) {
    Map<Domain, HostRecord> more = new HashMap<>(hosts);
    HostRecord old = more.get(host);
    more.put(host, change.apply(old == null ? HostRecord.fresh(now) : old));
    while (more.size() > DomainRecord.MAX_HOSTS) {
      more.entrySet().stream()
          .filter(e -> !e.getKey().equals(host) && !mx.contains(e.getKey()))
          .min(Map.Entry.comparingByValue(Comparator.comparing(HostRecord::last)))
          .map(Map.Entry::getKey)
          .ifPresent(more::remove);
    }
    hosts = more;
    last = now;
  }

  private void learn(Domain host, RememberedSample sample) {
    ProvenLevel proven = sample.level();
    boolean verified = proven == ProvenLevel.VERIFIED;
    if (proven == ProvenLevel.SILENT || proven == ProvenLevel.BROKEN) {
      return;
    }
    if (!verified) {
      restartFrom(proven.isTls() ? TlsLevel.VERIFY : TlsLevel.ENCRYPT);
    }
    if (!proven.isTls() || sample.origin() == RememberedSample.SampleOrigin.OTHER) {
      return;
    }
    if (sample.counts()) {
      encrypt = counted(encrypt);
      verify = verified ? counted(verify) : verify;
    }
    host(
        host,
        h -> h.withDays(h.encrypted().on(now), verified ? h.verified().on(now) : h.verified()));
  }

  /** One more session; evidence from before the time of decay is not one. */
  private LevelProgress counted(LevelProgress progress) {
    boolean old =
        progress.sessions() > 0
            && LevelProgress.day(now) - progress.lastDay() > rules.settings().decay().toDays();
    return (old ? LevelProgress.NONE : progress).counted(now, mxUntil, rules.settings());
  }

  /** Counting begins again for a level, and for one above it. */
  private void restartFrom(TlsLevel lowest) {
    boolean all = lowest == TlsLevel.ENCRYPT;
    encrypt = all ? LevelProgress.NONE : encrypt;
    verify = LevelProgress.NONE;
    hosts = new HashMap<>(hosts);
    hosts.replaceAll(
        (host, h) -> h.withDays(all ? HostRecord.Days.NONE : h.encrypted(), HostRecord.Days.NONE));
  }

  private void restart() {
    restartFrom(TlsLevel.ENCRYPT);
    standing = null;
    violation = null;
    known = Set.of();
    patterns = List.of();
  }

  private void promote() {
    if (violation != null || mx.isEmpty() || level() == TlsLevel.VERIFY) {
      return;
    }
    if (verify.isEnough(rules.settings()) && isEveryHostSeen(HostRecord::verified)) {
      promoted(TlsLevel.VERIFY);
      patterns = List.of();
    } else if (level() == null
        && encrypt.isEnough(rules.settings())
        && isEveryHostSeen(HostRecord::encrypted)) {
      promoted(TlsLevel.ENCRYPT);
    }
  }

  /** Whether each host was seen on days enough; one without an address is silent, no obstacle. */
  private boolean isEveryHostSeen(Function<HostRecord, HostRecord.Days> how) {
    return mx.stream()
        .map(hosts::get)
        .allMatch(
            of -> of != null && (of.isWithoutAddress() || rules.isEnough(how.apply(of), now)));
  }

  private void judge(Domain host, RememberedSample sample) {
    ReachedLevel reached = standing;
    if (reached == null || !mx.contains(host)) {
      return;
    }
    ProvenLevel proven = sample.level();
    boolean admitted = filter().admits(host);
    boolean keeps = admitted && proven.meets(reached.level());
    HostPath path = new HostPath(host, sample.family());
    Violation current = violation;
    if (proven == ProvenLevel.SILENT) {
      PathState former = current == null ? null : current.paths().get(path);
      if (current != null && (former == null || !former.isBelow())) {
        violation = current.with(path, new PathState(proven, false, now));
      }
    } else if (keeps || sample.proven() && proven.isTls()) {
      if (keeps) {
        // A clock in doubt must not lengthen a level's life into the future, nor shorten it.
        Instant seenAt = at.trusted() ? now : reached.met();
        standing = new ReachedLevel(reached.level(), reached.since(), seenAt);
        if (reached.level() == TlsLevel.VERIFY && patterns.isEmpty()) {
          alsoKnow(Set.of(host));
        }
      }
      // Present proof outranks memory: mail passes on this path, whatever the certificate is.
      if (current != null) {
        Violation met = current.with(path, new PathState(proven, true, now)).contradicted(now);
        violation = keeps ? met : met.noCandidate(path);
        tidy();
      }
    } else {
      Violation next =
          (current == null ? Violation.begins(now) : current)
              .with(path, new PathState(proven, false, now));
      if (proven == ProvenLevel.INJECTED) {
        violation = next.contradicted(now).noCandidate(path);
      } else if (!admitted
          && proven == ProvenLevel.VERIFIED
          && reached.level() == TlsLevel.VERIFY) {
        violation = next.candidate(path, now, rules.settings().hold());
      } else {
        violation = next.below(now, rules.settings().hold()).noCandidate(path);
      }
      if (current == null) {
        violated(reached.level(), host + " showed " + proven.shown());
      }
    }
  }

  /** Drops what no longer matters of a violation, and the violation when nothing is left of it. */
  private void tidy() {
    Violation current = violation;
    ReachedLevel reached = standing;
    if (current == null || reached == null) {
      return;
    }
    Instant oldest = now.minus(LedgerRules.PATH_MEMORY);
    MxFilter filter = filter();
    Violation left =
        current.only(
            mx::contains,
            (path, state) ->
                state.at().isAfter(oldest)
                    && hasFamily(path)
                    // What a host showed before it was accepted is not a violation once it is.
                    && (state.met()
                        || !state.level().meets(reached.level())
                        || !filter.admits(path.host())));
    if (left.paths().values().stream().noneMatch(PathState::isBelow) && unknown().isEmpty()) {
      violation = null;
      fact(LedgerEvent.HEALED, "shows its level " + reached.level().word() + " again");
    } else {
      violation = left;
    }
  }

  private boolean hasFamily(HostPath path) {
    HostRecord host = hosts.get(path.host());
    return host == null || (path.family() == HostPath.PathFamily.IPV4 ? host.ipv4() : host.ipv6());
  }

  private void acceptCandidates(Violation current) {
    Set<Domain> ripe = new HashSet<>();
    current
        .candidates()
        .forEach(
            (path, run) -> {
              if (mx.contains(path.host())
                  && run.isComplete(now, rules.settings().hold(), at.steadySince())) {
                ripe.add(path.host());
              }
            });
    if (!ripe.isEmpty()) {
      // From here on there is a path that keeps the level: what others showed ran for nothing.
      alsoKnow(ripe);
      violation = current.contradicted(now);
      hostsAccepted(ripe, "steady for the whole hold");
      tidy();
    }
  }

  /** The admin's word: the domain is taken as it shows itself now, the MX set included. */
  LedgerChange acceptedByAdmin() {
    if (violation != null && standing != null) {
      accept(violation, true);
    }
    return change();
  }

  /** Many unrelated domains began to show less together. */
  LedgerChange nearUs() {
    violation = violation == null ? null : violation.asNearUs();
    return change();
  }

  private void accept(Violation current, boolean byAdmin) {
    ReachedLevel reached = Objects.requireNonNull(standing);
    ObservationRun run = current.run();
    Instant from = byAdmin || run == null ? Instant.MIN : run.since();
    // The best path of each host: an attacker on one of them must not lower the others.
    Map<Domain, ProvenLevel> best = new HashMap<>();
    current
        .paths()
        .forEach(
            (path, state) -> {
              if (state.isBelow() && !state.at().isBefore(from)) {
                best.merge(path.host(), state.level(), (a, b) -> a.compareTo(b) >= 0 ? a : b);
              }
            });
    ProvenLevel least =
        best.values().stream().min(Comparator.naturalOrder()).orElse(ProvenLevel.VERIFIED);
    TlsLevel was = reached.level();
    if (!least.isTls()) {
      restart();
      accepted(was, null, byAdmin);
      return;
    }
    TlsLevel after = least == ProvenLevel.VERIFIED ? was : TlsLevel.ENCRYPT;
    violation = null;
    standing = new ReachedLevel(after, reached.since(), reached.met());
    known = after == TlsLevel.VERIFY ? mx : Set.of();
    patterns = List.of();
    if (after == was) {
      hostsAccepted(mx, byAdmin ? "admin" : "hold");
    } else {
      restartFrom(TlsLevel.VERIFY);
      accepted(was, after, byAdmin);
    }
  }

  private void alsoKnow(Set<Domain> more) {
    if (patterns.isEmpty() && known.containsAll(more)) {
      return;
    }
    Set<Domain> all = new HashSet<>();
    if (!patterns.isEmpty()) {
      // The policy's patterns have served: from here on hosts are known one by one.
      all.addAll(mx);
      all.removeAll(unknown());
    }
    all.addAll(known);
    all.addAll(more);
    for (Domain host : known) {
      if (all.size() > DomainRecord.MAX_KNOWN && !mx.contains(host)) {
        all.remove(host);
      }
    }
    known = all;
    patterns = List.of();
  }

  /** An MTA-STS policy ran out while its refresh failed (docs/policy.md). */
  LedgerChange policyExpired(List<MxPattern> mxOfPolicy) {
    if (level() != TlsLevel.VERIFY) {
      promoted(TlsLevel.VERIFY);
      violation = null;
      known = Set.of();
      patterns = mxOfPolicy.subList(0, Math.min(mxOfPolicy.size(), DomainRecord.MAX_PATTERNS));
    }
    return change();
  }
}

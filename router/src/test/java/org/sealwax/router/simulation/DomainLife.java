package org.sealwax.router.simulation;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackState;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Proof;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.ledger.ClockReading;
import org.sealwax.router.ledger.DomainRecord;
import org.sealwax.router.ledger.HostPath.PathFamily;
import org.sealwax.router.ledger.LedgerChange;
import org.sealwax.router.ledger.LedgerRules;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.LedgerTransition;
import org.sealwax.router.ledger.ProvenLevel;
import org.sealwax.router.ledger.RememberedSample;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.ledger.ViolationClass;
import org.sealwax.router.queue.RetrySchedule;

/**
 * A year of one domain's life, seen by a router whose policy and ledger are the real functions.
 * What the domain really is, who attacks it and when, comes from the seed; the router does not
 * know.
 */
final class DomainLife {
  private static final Domain DOMAIN = Domain.of("customer.example");
  private static final Domain EVIL = Domain.of("mx.evil.example");
  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration YEAR = Duration.ofDays(365);
  private static final RetrySchedule SCHEDULE = RetrySchedule.defaults();

  /** Honest trouble stays below the hold: longer trouble is a change, and then a change it is. */
  private static final int LONGEST_TROUBLE = 30;

  /** What the hosts of the domain really do. */
  enum HostBehaviour {
    NONE,
    BROKEN,
    SELF_SIGNED,
    TRUSTED
  }

  /** What an attacker does on the paths that are his. */
  enum PathAttack {
    STRIP,
    REFUSE,
    RESET,
    IMPERSONATE,
    INJECT
  }

  /** What was counted; the totals show that something happened at all. */
  static final class SimulationCounts {
    int delivered;
    int plaintext;
    int promoted;
    int violated;
    int healed;
    int accepted;
    int hostsAccepted;
    int decayed;
    int attackLike;
    int attacks;
    int forgeries;
    int underAttack;
    int plaintextUnderRequirement;
    int renewals;
    int keyChanges;
    int carelessChanges;
    int underDane;
    int bogus;
    Duration longestStuck = Duration.ZERO;

    /** Likewise while TLS of the domain is broken. */
    Duration longestBroken = Duration.ZERO;

    void add(SimulationCounts o) {
      delivered += o.delivered;
      plaintext += o.plaintext;
      promoted += o.promoted;
      violated += o.violated;
      healed += o.healed;
      accepted += o.accepted;
      hostsAccepted += o.hostsAccepted;
      decayed += o.decayed;
      attackLike += o.attackLike;
      attacks += o.attacks;
      forgeries += o.forgeries;
      underAttack += o.underAttack;
      plaintextUnderRequirement += o.plaintextUnderRequirement;
      renewals += o.renewals;
      keyChanges += o.keyChanges;
      carelessChanges += o.carelessChanges;
      underDane += o.underDane;
      bogus += o.bogus;
      longestStuck = longer(longestStuck, o.longestStuck);
      longestBroken = longer(longestBroken, o.longestBroken);
    }

    private static Duration longer(Duration one, Duration other) {
      return one.compareTo(other) > 0 ? one : other;
    }

    @Override
    public String toString() {
      return delivered
          + " delivered ("
          + plaintext
          + " in plaintext where nothing was known, "
          + underAttack
          + " during attacks, "
          + underDane
          + " under DANE), "
          + renewals
          + " renewals with "
          + keyChanges
          + " new keys ("
          + carelessChanges
          + " before their TLSA record), "
          + promoted
          + " promotions, "
          + violated
          + " violations, "
          + healed
          + " healed, "
          + accepted
          + " accepted, "
          + hostsAccepted
          + " MX changes accepted, "
          + decayed
          + " decayed, "
          + attacks
          + " attacks on paths ("
          + attackLike
          + " rounds classed attack-like), "
          + plaintextUnderRequirement
          + " levels given up to an attacker, "
          + forgeries
          + " forged MX answers ("
          + bogus
          + " did not validate), longest wait of an honest change "
          + longestStuck
          + ", of one to broken TLS "
          + longestBroken;
    }
  }

  private static final class SimulatedMessage {
    final Instant arrived;
    int rounds;
    @Nullable Instant stuckSince;

    SimulatedMessage(Instant arrived) {
      this.arrived = arrived;
    }
  }

  private record ScheduledEvent(Instant at, int order, Runnable what) {}

  private static final class DomainHost {
    final Domain name;
    final boolean ipv6;
    boolean down;

    /** Of its certificate, by number. */
    int key;

    /** Those its TLSA records name, in a signed zone. */
    final Set<Integer> published = new HashSet<>();

    boolean rolling;

    DomainHost(Domain name, boolean ipv6) {
      this.name = name;
      this.ipv6 = ipv6;
    }
  }

  private final Random random;
  private final boolean omnipotent;
  private final Policy policy =
      new Policy(FallbackLadder.of(true, true, FallbackLadder.DEFAULT_HOLD), TlsFloors.DEFAULT);
  private final LedgerSettings settings = LedgerSettings.defaults();
  private final LedgerRules rules = new LedgerRules(settings, PublicSuffixList.bundled());
  private final PriorityQueue<ScheduledEvent> agenda =
      new PriorityQueue<>(
          Comparator.comparing(ScheduledEvent::at).thenComparingInt(ScheduledEvent::order));
  private int order;
  private Instant now = BEGIN;
  private DomainRecord row = DomainRecord.fresh(DOMAIN, BEGIN);

  /** When a host of the domain last showed the level that the domain had. */
  private Instant shown = BEGIN;

  private final Map<Domain, HostMemory> memories = new HashMap<>();
  final SimulationCounts counts = new SimulationCounts();

  // The truth.
  private HostBehaviour mode;
  private boolean expired;
  private boolean allDown;
  private boolean signed;
  private int keys;
  private List<DomainHost> hosts = new ArrayList<>();
  private int organisation;
  private int hostNumber;
  private Instant changed = BEGIN;
  private Instant modeSince = BEGIN;
  private @Nullable PathAttack attack;
  private @Nullable Domain attackedHost;
  private @Nullable PathFamily attackedFamily;
  private boolean forging;
  private int forgedInARow;

  /**
   * A life.
   *
   * @param omnipotent attackers own every path for longer than the hold: what the ledger cannot see
   */
  DomainLife(long seed, boolean omnipotent) {
    this.random = new Random(seed * 0x9E3779B97F4A7C15L + 1);
    this.omnipotent = omnipotent;
    this.mode = weighted(10, 5, 30, 55);
    this.signed = random.nextInt(3) == 0;
    withoutTlsNoRecords();
    newProvider();
    mail();
    yearly(1.0, this::changeMode);
    yearly(2, this::expire);
    yearly(6, this::hostOutage);
    yearly(1, this::outage);
    yearly(0.6, this::changeProvider);
    yearly(1, this::changeHosts);
    yearly(4, this::attack);
    yearly(1.5, this::forge);
    yearly(0.8, this::signOrNot);
    yearly(8, this::renew);
  }

  private HostBehaviour weighted(int none, int broken, int self, int trusted) {
    int at = random.nextInt(none + broken + self + trusted);
    return at < none
        ? HostBehaviour.NONE
        : at < none + broken
            ? HostBehaviour.BROKEN
            : at < none + broken + self ? HostBehaviour.SELF_SIGNED : HostBehaviour.TRUSTED;
  }

  private void at(Instant when, Runnable what) {
    agenda.add(new ScheduledEvent(when, order++, what));
  }

  private void yearly(double times, Runnable what) {
    double days = -Math.log(1 - random.nextDouble()) * 365 / times;
    at(
        now.plusSeconds((long) (days * 86_400) + 1),
        () -> {
          what.run();
          yearly(times, what);
        });
  }

  private Duration hours(int least, int most) {
    return Duration.ofMinutes(60L * least + random.nextInt(60 * (most - least) + 1));
  }

  // What happens to the domain.

  private void touched() {
    changed = now;
  }

  private void changeMode() {
    mode = weighted(15, 10, 25, 50);
    withoutTlsNoRecords();
    modeSince = now;
    touched();
  }

  /** Who has no TLS that works takes the TLSA records away. */
  private void withoutTlsNoRecords() {
    if (mode == HostBehaviour.NONE || mode == HostBehaviour.BROKEN) {
      signed = false;
    }
  }

  /** The zone is signed and gets TLSA records, or is not any more. */
  private void signOrNot() {
    signed = !signed;
    withoutTlsNoRecords();
    touched();
  }

  /**
   * A certificate is renewed: with its key, or with a new one that TLSA records name beforehand, or
   * only some hours later because the admin forgot it.
   */
  private void renew() {
    DomainHost host = hosts.get(random.nextInt(hosts.size()));
    if (host.rolling) {
      return;
    }
    counts.renewals++;
    if (random.nextBoolean()) {
      return;
    }
    counts.keyChanges++;
    host.rolling = true;
    int next = ++keys;
    boolean careless = signed && random.nextBoolean();
    if (careless) {
      counts.carelessChanges++;
      host.key = next;
      touched();
    } else {
      host.published.add(next);
      at(now.plus(hours(2, 4)), () -> host.key = next);
    }
    at(
        now.plus(hours(5, LONGEST_TROUBLE)),
        () -> {
          host.published.clear();
          host.published.add(next);
          host.rolling = false;
          if (careless) {
            touched();
          }
        });
  }

  private void expire() {
    expired = true;
    modeSince = now;
    touched();
    at(
        now.plus(hours(1, LONGEST_TROUBLE)),
        () -> {
          expired = false;
          modeSince = now;
          touched();
        });
  }

  private void hostOutage() {
    DomainHost host = hosts.get(random.nextInt(hosts.size()));
    host.down = true;
    touched();
    at(
        now.plus(hours(1, LONGEST_TROUBLE)),
        () -> {
          host.down = false;
          touched();
        });
  }

  private void outage() {
    allDown = true;
    touched();
    at(
        now.plus(hours(1, 12)),
        () -> {
          allDown = false;
          touched();
        });
  }

  private void newProvider() {
    organisation++;
    hosts = new ArrayList<>();
    int count = 1 + random.nextInt(3);
    for (int i = 0; i < count; i++) {
      newHost();
    }
    touched();
  }

  private void newHost() {
    String name = "mx" + hostNumber++ + ".provider" + organisation + ".example";
    DomainHost host = new DomainHost(Domain.of(name), random.nextBoolean());
    host.key = ++keys;
    host.published.add(host.key);
    hosts.add(host);
  }

  private void changeProvider() {
    if (attack == null && !forging) {
      newProvider();
      mode = weighted(15, 0, 25, 60);
      withoutTlsNoRecords();
      modeSince = now;
    }
  }

  private void changeHosts() {
    if (attack != null) {
      return;
    }
    if (hosts.size() > 1 && random.nextBoolean()) {
      hosts.remove(random.nextInt(hosts.size()));
    } else if (hosts.size() < 4) {
      newHost();
    }
    touched();
  }

  /** On a strict part of the paths: one host of several, or one family of two that all have. */
  private void attack() {
    boolean bothFamilies = hosts.stream().allMatch(h -> h.ipv6);
    if (attack != null || !omnipotent && hosts.size() == 1 && !bothFamilies) {
      return;
    }
    attack = PathAttack.values()[random.nextInt(PathAttack.values().length)];
    attackedHost = null;
    attackedFamily = null;
    if (!omnipotent) {
      if (bothFamilies && (hosts.size() == 1 || random.nextBoolean())) {
        attackedFamily = random.nextBoolean() ? PathFamily.IPV4 : PathFamily.IPV6;
      } else {
        attackedHost = hosts.get(random.nextInt(hosts.size())).name;
      }
    }
    counts.attacks++;
    touched();
    at(
        now.plus(hours(1, 20 * 24)),
        () -> {
          attack = null;
          touched();
        });
  }

  /** Some answers of the DNS, never more than three in a row. */
  private void forge() {
    if (forging) {
      return;
    }
    forging = true;
    touched();
    at(
        now.plus(hours(1, 10 * 24)),
        () -> {
          forging = false;
          touched();
        });
  }

  private boolean isAttacked(Domain host, PathFamily family) {
    return attack != null
        && (attackedHost == null || attackedHost.equals(host))
        && (attackedFamily == null || attackedFamily == family);
  }

  // What the router sees.

  /** The MX hosts; empty when the answer does not validate. */
  private List<Domain> resolve() {
    if (forging && forgedInARow < 3 && random.nextBoolean()) {
      forgedInARow++;
      counts.forgeries++;
      counts.bogus += signed ? 1 : 0;
      return signed ? List.of() : List.of(EVIL);
    }
    forgedInARow = 0;
    List<Domain> names = new ArrayList<>(hosts.stream().map(h -> h.name).toList());
    java.util.Collections.shuffle(names, random);
    return names;
  }

  private List<PathFamily> families(Domain name) {
    boolean six = hosts.stream().anyMatch(h -> h.name.equals(name) && h.ipv6);
    return six ? List.of(PathFamily.IPV6, PathFamily.IPV4) : List.of(PathFamily.IPV4);
  }

  private Observation connect(Domain name, PathFamily family, FallbackStep step) {
    if (name.equals(EVIL)) {
      return step == FallbackStep.CLEAR
          ? new Observation.Unencrypted(true)
          : verified(name, NOBODYS);
    }
    DomainHost host = hosts.stream().filter(h -> h.name.equals(name)).findFirst().orElseThrow();
    PathAttack by = isAttacked(name, family) ? attack : null;
    if (by == null && (host.down || allDown)) {
      return new Observation.Unreachable("timeout");
    }
    if (by != null) {
      return switch (by) {
        case STRIP -> new Observation.Unencrypted(false);
        case REFUSE ->
            new Observation.StarttlsRefused(
                Reply.of(454, EnhancedStatus.of("4.7.0"), "not available"));
        case RESET -> step == FallbackStep.CLEAR ? new Observation.Unencrypted(true) : broken();
        case IMPERSONATE ->
            step == FallbackStep.CLEAR ? new Observation.Unencrypted(true) : selfSigned(NOBODYS);
        case INJECT ->
            step == FallbackStep.CLEAR
                ? new Observation.Unencrypted(true)
                : new Observation.Injected();
      };
    }
    if (step == FallbackStep.CLEAR) {
      return new Observation.Unencrypted(mode != HostBehaviour.NONE);
    }
    return switch (mode) {
      case NONE -> new Observation.Unencrypted(false);
      case BROKEN -> broken();
      case SELF_SIGNED -> selfSigned(host.key);
      case TRUSTED -> expired ? selfSigned(host.key) : verified(name, host.key);
    };
  }

  private static Observation broken() {
    return new Observation.HandshakeFailed(TlsException.Kind.values()[0], "reset");
  }

  /** The key of attackers. */
  private static final int NOBODYS = -1;

  private static Observation selfSigned(int key) {
    return handshake(new Verdict.Untrusted(Verdict.Reason.SELF_SIGNED), false, key);
  }

  private static Observation verified(Domain name, int key) {
    return handshake(new Verdict.Verified(Verdict.IdentifiedBy.NAME, name.name()), true, key);
  }

  private static TlsaAssociation record(int key) {
    return new TlsaAssociation(3, 1, 1, "%064x".formatted(key & 0xffffffffL));
  }

  private static Observation handshake(Verdict verdict, boolean chainHolds, int key) {
    return new Observation.Encrypted(
        new Handshake(
            TlsVersion.TLS_1_3,
            "TLS_AES_256_GCM_SHA384",
            256,
            null,
            false,
            null,
            List.of(),
            false,
            verdict,
            new Proof(chainHolds, record(key)),
            List.of()));
  }

  private static ProvenLevel levelOf(Observation observation) {
    return switch (observation) {
      case Observation.Unreachable u -> ProvenLevel.SILENT;
      case Observation.RefusedByReply u -> ProvenLevel.SILENT;
      case Observation.ConnectionLost b -> ProvenLevel.SILENT;
      case Observation.Unencrypted c -> ProvenLevel.CLEAR;
      case Observation.StarttlsRefused r -> ProvenLevel.REFUSED;
      case Observation.Injected i -> ProvenLevel.INJECTED;
      case Observation.HandshakeFailed b -> ProvenLevel.BROKEN;
      case Observation.Encrypted e ->
          e.handshake().verdict() instanceof Verdict.Verified
              ? ProvenLevel.VERIFIED
              : ProvenLevel.ENCRYPTED;
    };
  }

  private LedgerTransition step() {
    return rules.step(row, ClockReading.of(now));
  }

  private void applyChange(LedgerChange change) {
    TlsLevel before = row.level();
    row = change.row();
    for (LedgerChange.Fact fact : change.facts()) {
      switch (fact.event()) {
        case PROMOTED -> counts.promoted++;
        case DECAYED -> {
          // Half a year of self-signed certificates under DANE is half a year without the level.
          counts.decayed++;
          if (!shown.plus(settings.decay()).isBefore(now)) {
            throw new AssertionError("a level decayed that was shown at " + shown);
          }
        }
        case VIOLATED -> counts.violated++;
        case HEALED -> counts.healed++;
        case ACCEPTED -> accepted(fact, Objects.requireNonNull(before));
        case null -> {}
      }
    }
  }

  private void accepted(LedgerChange.Fact fact, TlsLevel before) {
    if (fact.text().startsWith("has new MX hosts")) {
      counts.hostsAccepted++;
      counts.plaintextUnderRequirement += fact.text().contains(EVIL.name()) ? 1 : 0;
    } else {
      counts.accepted++;
      counts.plaintextUnderRequirement += gotPlaintextUnderRequirement(before) ? 1 : 0;
    }
  }

  /** Whether a level was given up although the domain kept it for the whole hold. */
  private boolean gotPlaintextUnderRequirement(TlsLevel before) {
    boolean keeps =
        before == TlsLevel.VERIFY
            ? mode == HostBehaviour.TRUSTED && !expired
            : mode == HostBehaviour.TRUSTED || mode == HostBehaviour.SELF_SIGNED;
    return keeps && !modeSince.isAfter(now.minus(settings.hold()));
  }

  private void resolved(Domain host) {
    boolean six = families(host).contains(PathFamily.IPV6);
    applyChange(step().resolves(host, true, six));
  }

  private Observation observe(Domain host, PathFamily family, FallbackStep step) {
    Observation observation = connect(host, family, step);
    boolean proven = signed && Policy.isProvenByDane(List.of(dane(host)), observation);
    RememberedSample sample =
        new RememberedSample(
            now,
            family,
            levelOf(observation),
            step,
            RememberedSample.SampleOrigin.MAIL,
            proven,
            null,
            null);
    if (row.level() == null || isShown(row.level(), sample.level())) {
      shown = now;
    }
    applyChange(step().observed(host, sample));
    if (rules.classOf(row, ClockReading.of(now)) == ViolationClass.ATTACK_LIKE) {
      counts.attackLike++;
    }
    return observation;
  }

  private static boolean isShown(TlsLevel level, ProvenLevel proven) {
    return proven == ProvenLevel.VERIFIED
        || level == TlsLevel.ENCRYPT && proven == ProvenLevel.ENCRYPTED;
  }

  // The router: a round as router.deliver.DeliveryRound walks it, with the same functions.

  private void mail() {
    SimulatedMessage message = new SimulatedMessage(now);
    at(now, () -> round(message));
    double hours = -Math.log(1 - random.nextDouble()) * 8;
    at(now.plusSeconds((long) (hours * 3_600) + 60), this::mail);
  }

  private Evidence dane(Domain name) {
    DomainHost host = hosts.stream().filter(h -> h.name.equals(name)).findFirst().orElseThrow();
    Set<TlsaAssociation> records = new HashSet<>();
    host.published.forEach(key -> records.add(record(key)));
    return new Evidence.Dane(
        name,
        new Evidence.DaneState.Usable(new TlsaAssociations(records, List.of())),
        true,
        now.plusSeconds(300));
  }

  private final class SimulatedRound {
    private final List<Domain> order;
    private int connections;

    SimulatedRound(List<Domain> order) {
      this.order = order;
    }

    boolean run() {
      List<SimulatedTry> tried = new ArrayList<>();
      for (Domain host : order.subList(0, Math.min(order.size(), FallbackLadder.HOSTS))) {
        PolicySubject subject = new PolicySubject(DOMAIN, host, signed);
        List<Evidence> evidence = new ArrayList<>();
        evidence.add(new Evidence.Default(TlsLevel.MAY));
        if (signed) {
          evidence.add(dane(host));
        }
        rules.evidence(row).ifPresent(evidence::add);
        Requirement requirement = policy.requirementFor(subject, evidence, now);
        if (!requirement.mxFilter().admits(host)) {
          // A probe in each address family, without mail.
          resolved(host);
          for (PathFamily family : families(host)) {
            if (connections + order.size() - order.indexOf(host) < FallbackLadder.PER_DELIVERY) {
              observe(host, family, FallbackStep.FULL);
              connections++;
            }
          }
          continue;
        }
        SimulatedTry attempt = new SimulatedTry(this, host, requirement);
        if (attempt.open()) {
          return true;
        }
        tried.add(attempt);
      }
      for (SimulatedTry attempt : tried) {
        if (attempt.last()) {
          return true;
        }
      }
      return false;
    }
  }

  private final class SimulatedTry {
    private final SimulatedRound round;
    private final Domain host;
    private final Requirement requirement;
    private HostMemory memory;
    private int atHost;
    private @Nullable FallbackState state;
    private @Nullable Observation observation;
    private PathFamily family = PathFamily.IPV4;

    SimulatedTry(SimulatedRound round, Domain host, Requirement requirement) {
      this.round = round;
      this.host = host;
      this.requirement = requirement;
      this.memory = memories.getOrDefault(host, HostMemory.nothing()).at(now);
    }

    boolean open() {
      resolved(host);
      for (PathFamily next : families(host)) {
        int hostsLeft = round.order.size() - round.order.indexOf(host) - 1;
        if (atHost > 0
            && (atHost >= FallbackLadder.PER_HOST
                || round.connections + hostsLeft >= FallbackLadder.PER_DELIVERY - 1)) {
          return false;
        }
        family = next;
        if (walk(policy.ladder().first(requirement, memory), false)) {
          return true;
        }
      }
      return false;
    }

    private boolean walk(FallbackStep from, boolean everyHostTried) {
      FallbackStep step = from;
      while (true) {
        Observation o = observe(host, family, step);
        if (o instanceof Observation.Unreachable) {
          return false;
        }
        atHost++;
        round.connections++;
        memory = memory.after(o, step, now);
        memories.put(host, memory);
        FallbackState s =
            new FallbackState(
                step,
                atHost,
                round.connections,
                round.order.size(),
                everyHostTried,
                false,
                now,
                now,
                memory);
        state = s;
        observation = o;
        switch (policy.decide(requirement, o, s)) {
          case Decision.Proceed p -> {
            delivered(host, requirement, o);
            return true;
          }
          case Decision.FallBack d -> step = d.to();
          case Decision.GoPlaintext c -> step = FallbackStep.CLEAR;
          case Decision.NextHost n -> {
            return false;
          }
          case Decision.WaitForHold w -> {
            return false;
          }
          case Decision.Defer d -> {
            return false;
          }
        }
      }
    }

    boolean last() {
      if (state == null || observation == null) {
        return false;
      }
      return policy.decide(requirement, observation, state.afterAll(round.connections, now))
              instanceof Decision.GoPlaintext
          && walk(FallbackStep.CLEAR, true);
    }
  }

  private void round(SimulatedMessage message) {
    message.rounds++;
    List<Domain> order = resolve();
    boolean done = false;
    // An answer that does not validate is none: the mail waits (RFC 7672 2.1.1).
    if (!order.isEmpty()) {
      Set<Domain> all = new HashSet<>(order);
      applyChange(step().roundBegins(new RoundMx(all, signed, now.plusSeconds(300)), h -> false));
      done = new SimulatedRound(order).run();
    }
    if (done) {
      stuck(message);
      return;
    }
    if (message.stuckSince == null || message.stuckSince.isBefore(changed)) {
      message.stuckSince = now;
    }
    if (!SCHEDULE.isOver(message.arrived, now)) {
      at(
          SCHEDULE.next(message.rounds, message.arrived, now, random.nextDouble()),
          () -> round(message));
    } else {
      stuck(message);
    }
  }

  /**
   * How long mail waited although nothing changed any more, there was no attack and hosts were up.
   */
  private void stuck(SimulatedMessage message) {
    Instant since = message.stuckSince;
    if (since == null
        || since.isBefore(changed)
        || attack != null
        || forging
        || allDown
        || hosts.stream().allMatch(h -> h.down)) {
      return;
    }
    Duration waited = Duration.between(since, now);
    if (mode == HostBehaviour.BROKEN) {
      counts.longestBroken = SimulationCounts.longer(counts.longestBroken, waited);
    } else {
      counts.longestStuck = SimulationCounts.longer(counts.longestStuck, waited);
    }
  }

  private void delivered(Domain host, Requirement requirement, Observation observation) {
    counts.delivered++;
    boolean encrypted = observation instanceof Observation.Encrypted;
    TlsLevel level = row.level();
    if (!encrypted && requirement.demandsTls()) {
      throw new AssertionError(now + " plaintext against the requirement " + requirement);
    }
    if (!encrypted && level != null) {
      throw new AssertionError(now + " plaintext to a domain with level " + level);
    }
    if (level == TlsLevel.VERIFY && !signed && levelOf(observation) != ProvenLevel.VERIFIED) {
      throw new AssertionError(now + " level verify, and the peer was not verified");
    }
    if (level == TlsLevel.VERIFY && host.equals(EVIL)) {
      throw new AssertionError(now + " a forged MX host got the mail");
    }
    if (signed) {
      counts.underDane++;
      int key = hosts.stream().filter(h -> h.name.equals(host)).findFirst().orElseThrow().key;
      if (!(observation instanceof Observation.Encrypted e)
          || !record(key).equals(e.handshake().proof().association())) {
        throw new AssertionError(now + " TLSA records are there, and another key got the mail");
      }
    }
    if (!encrypted) {
      counts.plaintext++;
    }
    if (attack != null || forging) {
      counts.underAttack++;
    }
  }

  /** Lives the year. */
  void run() {
    Instant end = BEGIN.plus(YEAR);
    while (true) {
      ScheduledEvent next = agenda.poll();
      if (next == null || next.at().isAfter(end)) {
        return;
      }
      now = next.at();
      next.what().run();
    }
  }
}

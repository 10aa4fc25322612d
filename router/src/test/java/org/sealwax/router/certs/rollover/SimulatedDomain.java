package org.sealwax.router.certs.rollover;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.router.certs.rollover.PublishedKeys.ServerAnswer;
import org.sealwax.router.certs.rollover.RolloverMachine.RolloverDecision;
import org.sealwax.router.certs.rollover.RolloverMachine.RolloverFacts;
import org.sealwax.router.certs.rollover.RolloverMachine.RolloverRefusal;
import org.sealwax.router.certs.rollover.RolloverState.Phase;

/**
 * One domain over years: name servers that lag, lie, and fail; an authority for certificates that
 * fails; a host that crashes between any two steps and whose disk is restored from backups; an
 * admin who changes times to live and aborts rollovers. And its senders, by their RFCs:
 *
 * <p>A DANE sender (RFC 7672 section 2.2) has in its cache any set that any server gave out, for
 * the time to live that the set had (RFC 1035 section 3.2.1), from any server, also from one behind
 * the address of another that we never see and that lags by up to one time to live. The host's key
 * must match each set that could be in a cache; so must the key of a ticket that it accepts. An
 * MTA-STS sender (RFC 8461 section 4.2) accepts certificates of the authority, while they are
 * valid.
 */
final class SimulatedDomain {
  static final Duration LIFETIME = Duration.ofDays(45);
  static final TlsaRecord FOREIGN = new TlsaRecord(2, 1, 1, "f0".repeat(32));

  private static final List<Domain> OWNERS =
      List.of(Domain.of("_25._tcp.mx.example.org"), Domain.of("_465._tcp.mx.example.org"));
  private static final Duration BACKUPS = Duration.ofDays(7);
  private static final Duration TICKETS = Duration.ofHours(3);
  private static final Duration YEAR = Duration.ofDays(365);

  /** Which rule is broken. */
  enum Mutation {
    NONE,
    /** No rule is broken: no disk is restored, and no record stays for backups. */
    WITHOUT_RESTORES,
    CACHES_ONCE,
    NO_SPREAD,
    FORGOTTEN_TTL,
    NO_TICKETS,
    NO_BACKUPS,
    FIRST_SERVER_ONLY,
    ONE_FAMILY,
    SILENCE_IS_CONSENT,
    NO_GAP,
    NO_EXPIRY,
    NEW_KEY_WITH_EACH_RENEWAL
  }

  /** A sender would defer mail, or a key is gone too early. */
  static final class Failure extends AssertionError {
    private static final long serialVersionUID = 1;

    Failure(String text) {
      super(text);
    }
  }

  private static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private record Version(long from, Set<TlsaRecord> records, Duration ttl) {}

  /** One server, or an instance of it; of one name. */
  private final class Feed {
    final Domain owner;
    final String address;
    final boolean hidden;
    final List<Version> versions = new ArrayList<>();
    long outageUntil;
    long pollAt;

    /** Of a hidden instance: which version of the seen one it has. */
    long copied;

    Feed(Domain owner, String address, boolean hidden) {
      this.owner = owner;
      this.address = address;
      this.hidden = hidden;
    }

    Version now() {
      return versions.getLast();
    }

    void serve(Version of) {
      if (!now().records().equals(of.records()) || !now().ttl().equals(of.ttl())) {
        versions.add(new Version(time, of.records(), of.ttl()));
      }
    }

    /** What caches may have of it: all that it gave out, for the time to live. */
    void cached(Set<Set<TlsaRecord>> out) {
      for (int i = 0; i < versions.size(); i++) {
        Version version = versions.get(i);
        boolean last = i + 1 == versions.size();
        if (last || versions.get(i + 1).from() + version.ttl().toSeconds() > time) {
          out.add(version.records());
        }
      }
      while (versions.size() > 1
          && versions.get(1).from() + Duration.ofDays(3).toSeconds() < time) {
        versions.removeFirst();
      }
    }
  }

  /** What is on the disk, and in its backups. */
  private static final class Disk {
    final Set<KeyDigest> keys = new HashSet<>();
    final Map<KeyDigest, Long> certificates = new HashMap<>();
    RolloverState state;
    Instant mark;

    Disk(RolloverState state, Instant mark) {
      this.state = state;
      this.mark = mark;
    }

    Disk copy() {
      Disk copy = new Disk(state, mark);
      copy.keys.addAll(keys);
      copy.certificates.putAll(certificates);
      return copy;
    }
  }

  private record Backup(long at, Disk disk) {}

  private final SplittableRandom random;
  private final Mutation mutation;
  private final RolloverWaits waits;
  private final RolloverMachine machine;
  private final List<Feed> feeds = new ArrayList<>();
  private final List<Backup> backups = new ArrayList<>();
  private final Map<KeyDigest, Long> inForceUntil = new HashMap<>();
  private Disk disk;
  private KeyDigest inForce;
  private boolean looked;
  private long time;
  private long step;

  /** Measured minus true time, in seconds; negative: time between runs does not count. */
  private long drift;

  private long authorityOutage;
  private long nextBackup;
  private int keysMade;

  /** Rollovers that ended well, for the test to see that there were some. */
  int ended;

  int crashes;
  int restores;

  SimulatedDomain(long seed, Mutation mutation) {
    this.random = new SplittableRandom(seed);
    this.mutation = mutation;
    this.waits =
        new RolloverWaits(
            mutation == Mutation.NO_BACKUPS || !isRestored() ? Duration.ZERO : BACKUPS,
            mutation == Mutation.NO_TICKETS ? Duration.ZERO : TICKETS);
    this.machine = new RolloverMachine(waits);
    this.disk = new Disk(RolloverState.initial(measured()), measured());
    this.inForce = newKey();
    disk.certificates.put(inForce, LIFETIME.toSeconds());
    for (Domain owner : OWNERS) {
      for (String address :
          List.of("192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2", "192.0.2.3")) {
        for (boolean hidden : new boolean[] {false, true}) {
          Feed feed = new Feed(owner, address, hidden);
          feed.versions.add(new Version(0, Set.of(inForce.tlsa(), FOREIGN), Duration.ofHours(1)));
          feeds.add(feed);
        }
      }
    }
  }

  private boolean isRestored() {
    return mutation != Mutation.WITHOUT_RESTORES && mutation != Mutation.NO_TICKETS;
  }

  /** Lives for so long. */
  void live(Duration duration) {
    long end = duration.toSeconds();
    while (time < end) {
      events();
      servers();
      try {
        host();
      } catch (Crash crash) {
        restart();
      }
      senders();
      step = machine.look(disk.state).toSeconds() + random.nextInt(30);
      time += step;
    }
    for (Feed feed : feeds) {
      if (!feed.now().records().contains(FOREIGN)) {
        throw new Failure("a record of others is gone");
      }
    }
  }

  private Instant measured() {
    return Instant.ofEpochSecond(1_800_000_000L + time + drift);
  }

  /** Whether something happened since the last step that happens so often in a year. */
  private boolean chance(double perYear) {
    return random.nextDouble() < perYear * step / YEAR.toSeconds();
  }

  private KeyDigest newKey() {
    KeyDigest key = new KeyDigest("%064x".formatted(++keysMade));
    disk.keys.add(key);
    return key;
  }

  // --- what happens to everyone ------------------------------------------------------------------

  private void events() {
    if (time >= nextBackup) {
      nextBackup = time + Duration.ofHours(12).toSeconds();
      backups.add(new Backup(time, disk.copy()));
      backups.removeIf(b -> b.at() < time - BACKUPS.toSeconds());
    }
    if (chance(3)) {
      authorityOutage = time + random.nextLong(Duration.ofDays(4).toSeconds());
    }
    if (chance(20)) {
      Duration ttl =
          Duration.ofSeconds(new int[] {60, 300, 3_600, 10_800, 86_400}[random.nextInt(5)]);
      Domain owner = OWNERS.get(random.nextInt(OWNERS.size()));
      Feed primary = primary(owner);
      primary.serve(new Version(time, primary.now().records(), ttl));
    }
    if (chance(3)) {
      try {
        disk.state = machine.abort(disk.state, measured());
      } catch (RolloverRefusal refusal) {
        // Nothing to abort.
      }
    }
    if (isRestored() && chance(12) && !backups.isEmpty()) {
      restores++;
      int chosen = random.nextInt(backups.size());
      disk = backups.get(chosen).disk().copy();
      // What was saved after that is of a past that is given up.
      backups.subList(chosen + 1, backups.size()).clear();
      restart();
    }
  }

  private Feed primary(Domain owner) {
    return feeds.stream().filter(f -> f.owner.equals(owner)).findFirst().orElseThrow();
  }

  private void servers() {
    for (Feed feed : feeds) {
      Feed primary = primary(feed.owner);
      if (feed == primary) {
        continue;
      }
      if (feed.hidden) {
        // Behind the same address, and up to one time to live later.
        Feed seen =
            feeds.stream()
                .filter(f -> f.owner.equals(feed.owner) && f.address.equals(feed.address))
                .findFirst()
                .orElseThrow();
        long lag = feed.now().ttl().toSeconds();
        for (Version version : seen.versions.reversed()) {
          if (version.from() > feed.copied && version.from() + lag <= time) {
            // When it changed, and not when the simulation notices.
            long at = Math.max(version.from() + lag, feed.now().from());
            feed.versions.add(new Version(at, version.records(), version.ttl()));
            feed.copied = version.from();
            break;
          }
        }
        continue;
      }
      if (time >= feed.pollAt) {
        feed.serve(primary.now());
        boolean long_ = random.nextInt(50) == 0;
        feed.pollAt = time + random.nextLong(long_ ? 3 * 86_400L : 7_200L);
      }
      if (chance(4)) {
        feed.outageUntil = time + random.nextLong(86_400);
      }
    }
  }

  // --- the host
  // ------------------------------------------------------------------------------------

  /** A step that a crash may precede and follow. */
  private void crashing(Runnable action) {
    mayCrash();
    action.run();
    mayCrash();
  }

  private void mayCrash() {
    if (random.nextInt(400) == 0) {
      throw new Crash();
    }
  }

  private void restart() {
    crashes++;
    long down = random.nextLong(random.nextInt(10) == 0 ? 86_400 : 600);
    time += down;
    Instant counted = disk.mark.plusSeconds(Math.min(down, 3_600));
    drift += Duration.between(measured(), counted).toSeconds();
    if (down > waits.gap(disk.state.ttl()).toSeconds() && random.nextBoolean()) {
      revertedMeanwhile(down);
    }
    servers();
    looked = false;
    // Tickets do not outlive the process.
    inForceUntil.clear();
    KeyDigest offered = disk.state.offered(looked).orElse(inForce);
    load(disk.certificates.containsKey(offered) ? offered : disk.state.current().orElseThrow());
  }

  /** The zone had an old content for a while, which the host did not see. */
  private void revertedMeanwhile(long down) {
    if (!disk.state.phase().isBeforeLoad()
        || !disk.state.offered(false).equals(Optional.of(inForce))) {
      return;
    }
    KeyDigest next = disk.state.other().orElseThrow();
    for (Domain owner : OWNERS) {
      Feed primary = primary(owner);
      Version now = primary.now();
      if (now.from() < time - down && now.records().contains(next.tlsa())) {
        Set<TlsaRecord> former = new HashSet<>(now.records());
        former.remove(next.tlsa());
        primary.versions.add(new Version(time - down / 2, Set.copyOf(former), now.ttl()));
        primary.versions.add(new Version(time, now.records(), now.ttl()));
      }
    }
  }

  private void load(KeyDigest key) {
    if (!key.equals(inForce)) {
      inForceUntil.put(inForce, time);
      inForce = key;
    }
  }

  private void host() {
    disk.mark = measured();
    renew();
    if (disk.state.phase() == Phase.IDLE
        && disk.state.current().isPresent()
        && Duration.between(disk.state.ended(), measured()).compareTo(YEAR) > 0) {
      begin();
    }
    boolean due = random.nextInt(20) > 0;
    Optional<PublishedKeys> published = due ? Optional.of(look()) : Optional.empty();
    RolloverState before = disk.state;
    RolloverDecision decision = machine.decide(mutated(before), facts(published), measured());
    crashing(() -> disk.state = decision.state());
    looked |= due;
    crashing(() -> act(decision.action()));
    KeyDigest offered = disk.state.offered(looked).orElse(inForce);
    if (disk.certificates.getOrDefault(offered, 0L) > time) {
      crashing(() -> load(offered));
    }
  }

  /** The state as a machine without one of its rules would have it. */
  private RolloverState mutated(RolloverState s) {
    return switch (mutation) {
      case NO_SPREAD -> s.phase().isBeforeLoad() ? released(s, measured()) : s;
      case NO_EXPIRY -> s.phase() == Phase.EXPIRE ? released(s, measured()) : s;
      case CACHES_ONCE -> s.phase() == Phase.SPREAD ? released(s, half(s.since(), s.release())) : s;
      case FORGOTTEN_TTL -> s.seen(Duration.ZERO, Instant.EPOCH);
      case NO_GAP -> s.agreed().isPresent() ? released(s, s.release().orElseThrow()) : s;
      default -> s;
    };
  }

  private RolloverState released(RolloverState s, Instant at) {
    return s.release().isEmpty() ? s : s.agreed(measured(), at);
  }

  private static Instant half(Instant from, Optional<Instant> to) {
    return from.plus(Duration.between(from, to.orElse(from)).dividedBy(2));
  }

  private RolloverFacts facts(Optional<PublishedKeys> published) {
    long third = LIFETIME.dividedBy(3).toSeconds();
    boolean certified =
        disk.state.other().map(k -> disk.certificates.getOrDefault(k, 0L)).orElse(0L)
            > time + third;
    return new RolloverFacts(published, Optional.of(inForce), certified);
  }

  private void begin() {
    try {
      machine.start(disk.state, look());
    } catch (RolloverRefusal refusal) {
      return; // later
    }
    KeyDigest[] made = new KeyDigest[1];
    crashing(() -> made[0] = newKey());
    crashing(() -> disk.state = machine.begin(disk.state, made[0], measured()));
  }

  private void renew() {
    long third = LIFETIME.dividedBy(3).toSeconds();
    disk.state
        .current()
        .filter(key -> disk.certificates.getOrDefault(key, 0L) < time + third)
        .ifPresent(this::certify);
  }

  private void certify(KeyDigest key) {
    if (time < authorityOutage || random.nextInt(5) == 0) {
      return;
    }
    crashing(
        () -> {
          if (mutation == Mutation.NEW_KEY_WITH_EACH_RENEWAL && disk.state.phase() == Phase.IDLE) {
            KeyDigest fresh = newKey();
            disk.certificates.put(fresh, time + LIFETIME.toSeconds());
            load(fresh);
          }
          disk.certificates.put(key, time + LIFETIME.toSeconds());
        });
  }

  private void act(RolloverAction action) {
    switch (action) {
      case RolloverAction.Await _, RolloverAction.CreateKey _ -> {}
      case RolloverAction.Update(List<RolloverAction.NameChange> changes, _) ->
          changes.forEach(this::update);
      case RolloverAction.Certify(KeyDigest key) -> certify(key);
      case RolloverAction.Destroy(KeyDigest key) -> {
        Set<Set<TlsaRecord>> sets = cached();
        if (key.equals(inForce) || sets.stream().anyMatch(s -> s.contains(key.tlsa()))) {
          throw new Failure(
              key
                  + " is destroyed while a cache may have its record at "
                  + measured()
                  + ": "
                  + disk.state
                  + "\n"
                  + history(key));
        }
        crashing(
            () -> {
              disk.keys.remove(key);
              disk.certificates.remove(key);
            });
        ended += disk.state.aborting() ? 0 : 1;
        crashing(() -> disk.state = machine.destroyed(disk.state, measured()));
      }
    }
  }

  private void update(RolloverAction.NameChange change) {
    Feed primary = primary(change.owner());
    if (random.nextInt(4) == 0 || !primary.now().records().equals(Set.copyOf(change.seen()))) {
      return; // refused, silent, or other records than those that were seen
    }
    Set<TlsaRecord> records = new HashSet<>(primary.now().records());
    if (change.adds()) {
      records.add(change.key().tlsa());
    } else {
      records.remove(change.key().tlsa());
    }
    primary.serve(new Version(time, Set.copyOf(records), primary.now().ttl()));
    mayCrash(); // before the answer comes
  }

  private PublishedKeys look() {
    List<ServerAnswer> answers = new ArrayList<>();
    for (Feed feed : feeds) {
      boolean first = feed.address.endsWith("1");
      boolean skipped =
          feed.hidden
              || (mutation == Mutation.FIRST_SERVER_ONLY && !first)
              || (mutation == Mutation.ONE_FAMILY && feed.address.contains(":"));
      if (skipped) {
        continue;
      }
      boolean silent = time < feed.outageUntil || random.nextInt(60) == 0;
      if (silent && mutation == Mutation.SILENCE_IS_CONSENT) {
        continue;
      }
      answers.add(new ServerAnswer(feed.owner, feed.address, answer(feed, silent)));
    }
    return answers.isEmpty()
        ? new PublishedKeys(
            List.of(new ServerAnswer(OWNERS.getFirst(), "none", unknown(OWNERS.getFirst()))))
        : new PublishedKeys(answers);
  }

  private static DnsAnswer<TlsaRecord> unknown(Domain owner) {
    return DnsAnswer.unknown(DnssecStatus.FAILED, owner, 0, Duration.ZERO, "timeout");
  }

  private DnsAnswer<TlsaRecord> answer(Feed feed, boolean silent) {
    if (silent) {
      return unknown(feed.owner);
    }
    List<TlsaRecord> records = List.copyOf(feed.now().records());
    DnsAnswer.Kind kind = DnsAnswer.Kind.FOUND;
    int lie = random.nextInt(600);
    if (lie == 0) {
      records = List.of();
      kind = DnsAnswer.Kind.NO_NAME;
    } else if (lie == 1) {
      records = List.of(FOREIGN);
    }
    return new DnsAnswer<>(
        records, kind, DnssecStatus.INSECURE, feed.owner, 0, feed.now().ttl(), "");
  }

  // --- the senders
  // -----------------------------------------------------------------------------------

  private Set<Set<TlsaRecord>> cached() {
    Set<Set<TlsaRecord>> sets = new HashSet<>();
    feeds.forEach(feed -> feed.cached(sets));
    return sets;
  }

  private String history(KeyDigest key) {
    StringBuilder text = new StringBuilder();
    for (Feed feed : feeds) {
      for (Version version : feed.versions) {
        text.append(feed.address)
            .append(feed.hidden ? " hidden " : " ")
            .append(version.from() - time)
            .append(' ')
            .append(version.ttl())
            .append(version.records().contains(key.tlsa()) ? " with" : " without")
            .append('\n');
      }
    }
    return text.toString();
  }

  private void senders() {
    Set<KeyDigest> shown = new HashSet<>(Set.of(inForce));
    inForceUntil.values().removeIf(at -> at + TICKETS.toSeconds() < time);
    shown.addAll(inForceUntil.keySet());
    for (Set<TlsaRecord> set : cached()) {
      for (KeyDigest key : shown) {
        if (!set.contains(key.tlsa())) {
          throw new Failure(
              "DANE: "
                  + key
                  + " is shown and a cache may have "
                  + set
                  + ": "
                  + disk.state
                  + "\n"
                  + history(key));
        }
      }
    }
    if (disk.certificates.getOrDefault(inForce, 0L) <= time || !disk.keys.contains(inForce)) {
      throw new Failure("MTA-STS: no valid certificate for " + inForce + ": " + disk.state);
    }
  }
}

package org.sealwax.router.hosting;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.sts.StsLookup;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.mail.sts.StsStep;
import org.sealwax.router.hosting.HostingFacts.MxFacts;
import org.sealwax.router.hosting.MxChangeOrder.StepState;

/**
 * One hosted domain over a long time, hour by hour: MX hosts come and go in the order that the
 * router prints, name servers lag, look-ups and fetches fail, the router restarts, its clock jumps,
 * and old backups are restored. Senders with caches deliver by {@link StsStep}; an MX host that
 * their policy does not list is a failure.
 */
final class SimulatedHosting {
  /** What is broken on purpose. */
  enum Mutation {
    NONE,
    NO_WAIT_BEFORE_MX,
    NO_WAIT_BEFORE_REMOVAL,
    SAME_ID,
    FAILED_LOOKUP_IS_EMPTY,
    OLD_BACKUP_IS_SERVED,
    ADMIN_DOES_NOT_WAIT
  }

  /** A sender met an MX host that its policy does not list, or an id came back. */
  static final class Failure extends AssertionError {
    private static final long serialVersionUID = 1;

    Failure(String what) {
      super(what);
    }
  }

  static final Domain DOMAIN = Domain.of("example.org");
  private static final Instant BEGIN = Instant.parse("2027-01-01T00:00:00Z");
  private static final int SENDERS = 4;

  private final Random random;
  private final Mutation mutation;
  private final boolean signed;
  private final Duration mxTtl;
  private final Duration txtTtl;

  /** Since when each value is published, the newest last: name servers lag. */
  private final TreeMap<Integer, Set<Domain>> mx = new TreeMap<>();

  private final TreeMap<Integer, Optional<String>> txt = new TreeMap<>();
  private final Set<Domain> coming = new HashSet<>();
  private final List<Sender> senders = new ArrayList<>();
  private HostedState state;
  private HostedState backup;
  private int backupHour;

  /** How much the measured time is behind: it stops while an old backup is restored. */
  private Duration behind = Duration.ZERO;

  private Duration backupBehind = Duration.ZERO;
  private Duration clockError = Duration.ZERO;
  private boolean isLookedUp;
  private int hour;
  private int names;
  private int removed;
  int changes;
  int restores;
  int deliveries;

  private final class Sender {
    private StsMemory memory = StsMemory.EMPTY;
    private @Nullable Cached<Set<Domain>> hosts;
    private @Nullable Cached<Optional<String>> record;
    private final int lag = random.nextInt(6);

    void deliver() {
      Cached<Optional<String>> known = record;
      if (known == null || known.until <= hour) {
        known = new Cached<>(at(txt, hour - lag), hour + hours(txtTtl));
        record = known;
      }
      Instant now = time();
      StsStep step = StsStep.decide(memory, lookup(known.value), FirstContactWait.defaults(), now);
      if (step.next() instanceof StsStep.StsAction.FetchPolicy(String id)) {
        Optional<ServedPolicy> served = served();
        if (random.nextInt(20) == 0) {
          memory =
              StsStep.failed(step.memory(), "no route", FirstContactWait.defaults(), now).memory();
          return; // the network's fault
        }
        step =
            served
                .map(p -> StsStep.fetched(id, p.policy(), now, random.nextDouble()))
                .orElseGet(() -> StsStep.failed(memory, "503", FirstContactWait.defaults(), now));
      }
      memory = step.memory();
      Cached<Set<Domain>> route = hosts;
      if (route == null || route.until <= hour) {
        route = new Cached<>(at(mx, hour - lag), hour + hours(mxTtl));
        hosts = route;
      }
      deliveries++;
      if (step.next()
          instanceof StsStep.StsAction.StateHolds(Evidence.StsState.Enforce enforced, var _)) {
        for (Domain host : route.value) {
          if (enforced.mx().stream().noneMatch(pattern -> pattern.matches(host))) {
            throw new Failure("hour " + hour + ": " + host + " is not in " + enforced);
          }
        }
      }
    }
  }

  private record Cached<T>(T value, int until) {}

  SimulatedHosting(long seed, Mutation mutation) {
    this.random = new Random(seed);
    this.mutation = mutation;
    this.signed = random.nextBoolean();
    this.mxTtl = Duration.ofHours(1 + random.nextInt(48));
    this.txtTtl = Duration.ofHours(1 + random.nextInt(48));
    mx.put(-1_000, Set.of(newHost()));
    txt.put(-1_000, Optional.empty());
    for (int i = 0; i < SENDERS; i++) {
      senders.add(new Sender());
    }
    state = HostedState.initial(DOMAIN, measured(), java.time.LocalDate.of(2027, 1, 1));
    backup = state;
  }

  private Domain newHost() {
    return Domain.of("mx" + names++ + ".example.org");
  }

  private static int hours(Duration time) {
    return (int) time.toHours();
  }

  private static <T> T at(NavigableMap<Integer, T> values, int when) {
    return Objects.requireNonNull(values.floorEntry(when)).getValue();
  }

  private Instant time() {
    return BEGIN.plus(Duration.ofHours(hour));
  }

  private Instant measured() {
    return time().minus(behind);
  }

  private Instant believed() {
    return time().plus(clockError);
  }

  private static StsLookup lookup(Optional<String> id) {
    return new StsLookup.RecordAnswer(
        id.<StsRecord>map(StsRecord.Announced::new).orElseGet(StsRecord.None::new));
  }

  private Optional<ServedPolicy> served() {
    boolean may =
        isLookedUp || state.isRecent(believed()) || mutation == Mutation.OLD_BACKUP_IS_SERVED;
    return may ? state.policy() : Optional.empty();
  }

  void live(int most) {
    for (hour = 0; hour < most; hour++) {
      router();
      if (hour % 24 == 9) {
        admin();
      }
      for (Sender sender : senders) {
        if (random.nextInt(8) == 0) {
          sender.deliver();
        }
      }
      disturb();
    }
  }

  private void router() {
    int lag = random.nextInt(4);
    boolean fails = random.nextInt(6) == 0;
    MxFacts found =
        !fails
            ? new MxFacts.MxHosts(
                List.copyOf(new TreeSet<>(at(mx, hour - lag))), signed, mxTtl, List.of())
            : mutation == Mutation.FAILED_LOOKUP_IS_EMPTY
                ? new MxFacts.MxHosts(List.of(), signed, Duration.ZERO, List.of())
                : new MxFacts.NotKnown("no answer");
    StsLookup record =
        random.nextInt(6) == 0
            ? new StsLookup.NoRecordAnswer("no answer")
            : lookup(at(txt, hour - lag));
    HostedState next =
        mutated(
            HostingMachine.next(
                state,
                new HostingFacts(
                    HostingFacts.ModeSetting.ENFORCE,
                    Duration.ofDays(14),
                    coming,
                    Domain.of("mx0.example.org"),
                    found,
                    record,
                    txtTtl),
                new HostingMachine.HostingTime(measured(), believed())));
    isLookedUp |= !fails;
    if (mutation != Mutation.SAME_ID) {
      next.policy().ifPresent(p -> check(p));
    }
    state = next;
  }

  /** One id never has two texts. */
  private final TreeMap<String, String> texts = new TreeMap<>();

  private void check(ServedPolicy policy) {
    String former = texts.putIfAbsent(policy.id(), policy.text());
    if (former != null && !former.equals(policy.text())) {
      throw new Failure("the id " + policy.id() + " has two texts");
    }
  }

  private HostedState mutated(HostedState next) {
    TreeMap<Domain, ListedHost> hosts = new TreeMap<>(next.hosts());
    List<ServedPolicy> policies = new ArrayList<>(next.policies());
    switch (mutation) {
      case NO_WAIT_BEFORE_MX ->
          hosts.replaceAll((_, h) -> h.listed().isPresent() ? h.safeFrom(measured()) : h);
      case NO_WAIT_BEFORE_REMOVAL ->
          hosts.replaceAll(
              (_, h) ->
                  h.released().isPresent()
                      ? new ListedHost(
                          h.seen(), h.listed(), h.safe(), false, Optional.of(measured()))
                      : h);
      case SAME_ID ->
          policies.replaceAll(
              p -> new ServedPolicy(policies.getFirst().id(), p.text(), p.since(), p.announced()));
      case NONE, FAILED_LOOKUP_IS_EMPTY, OLD_BACKUP_IS_SERVED, ADMIN_DOES_NOT_WAIT -> {}
    }
    return new HostedState(
        next.domain(),
        next.mode(),
        next.modeSince(),
        next.modeDay(),
        hosts,
        policies,
        next.published(),
        next.recordTtl(),
        next.mxTtl(),
        next.lookedUp(),
        next.problems(),
        next.assessments());
  }

  /** Does what the router prints, and nothing else. */
  private void admin() {
    Set<Domain> now = new TreeSet<>(at(mx, hour));
    List<MxChangeOrder.ChangeStep> steps = MxChangeOrder.of(state, measured()).steps();
    for (MxChangeOrder.ChangeStep step : steps) {
      if (step.state() == StepState.NOW && step.text().startsWith("publish")) {
        txt.put(hour, state.policy().map(ServedPolicy::id));
      } else if (step.state() == StepState.NOW && step.text().startsWith("add the MX")) {
        addMx(now, step.host().orElseThrow());
      }
    }
    if (random.nextInt(10) == 0 && coming.isEmpty()) {
      Domain host = newHost();
      coming.add(host);
      if (mutation == Mutation.ADMIN_DOES_NOT_WAIT) {
        addMx(now, host);
      }
    } else if (random.nextInt(10) == 0 && now.size() > 1) {
      now.remove(List.copyOf(now).get(random.nextInt(now.size())));
      mx.put(hour, Set.copyOf(now));
      removed = hour;
      changes++;
    }
  }

  private void addMx(Set<Domain> now, Domain host) {
    now.add(host);
    mx.put(hour, Set.copyOf(now));
    changes++;
  }

  private void disturb() {
    // A host is configured until its record is published everywhere.
    coming.removeIf(h -> at(mx, hour).contains(h) && at(mx, hour - 10).contains(h));
    if (random.nextInt(200) == 0) {
      isLookedUp = false; // a restart
    }
    if (random.nextInt(24 * 7) == 0) {
      backup = state;
      backupHour = hour;
      backupBehind = behind;
    }
    // A host that has just been removed may be unknown to an old backup, and still be in caches.
    boolean removing = hour - removed < hours(mxTtl) + 6;
    if (random.nextInt(24 * 40) == 0 && !removing) {
      behind = backupBehind.plus(Duration.ofHours(Math.max(0, hour - backupHour - 1)));
      state = backup;
      isLookedUp = false;
      restores++;
    }
    clockError =
        random.nextInt(500) == 0 ? Duration.ofHours(random.nextInt(4_000) - 2_000) : clockError;
    if (random.nextInt(24) == 0) {
      clockError = Duration.ZERO;
    }
  }
}

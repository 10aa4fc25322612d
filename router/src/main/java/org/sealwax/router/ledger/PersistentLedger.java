package org.sealwax.router.ledger;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.router.ledger.LedgerCache.CachedDomain;
import org.sealwax.router.log.MailLog;

/**
 * The ledger of a running router: {@link LedgerRules} over records that lie in a {@link
 * LedgerStore}. Records in use are held in one cache of bounded memory; changed ones stay in it
 * until one thread has written them together, about once a second, so that no delivery waits for
 * the disk. A crash loses at most what the last second showed. Thread-safe.
 */
public final class PersistentLedger implements Ledger, HostMemoryStore, Closeable {
  /** Changed rows that wait while the disk fails; beyond that new domains are not remembered. */
  static final int MOST_DIRTY = 50_000;

  /** Rows dropped at once when there are too many. */
  static final int EVICT_AT_ONCE = 500;

  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** Greetings of hosts that no delivery needs, of one day (UTC), over restarts. */
  public static final int GREETINGS_A_DAY = 100;

  /** A source of trust in MX hosts besides DNSSEC. Thread-safe; answers from memory. */
  @FunctionalInterface
  public interface TrustedMxHosts {
    /** Whether an MTA-STS policy of {@code domain}, in {@code enforce} and in force, lists it. */
    boolean lists(Domain domain, Domain host);
  }

  private final LedgerStore store;
  private final Clock clock;
  private final MailLog log;
  private final TrustedMxHosts trustedMxHosts;
  private volatile LedgerRules rules;
  private final LedgerCache cache;
  private final AtomicInteger rows;
  private final LedgerClock believed;
  private final LocalFaultDetector localFault = new LocalFaultDetector();
  private final HostMemories hostMemories;
  private final Map<LedgerEvent, LongAdder> events = new ConcurrentHashMap<>();
  private final Semaphore wake = new Semaphore(0);
  private final ReentrantLock flushing = new ReentrantLock();
  private final ProbeBudget probes;
  private volatile boolean closed;
  private volatile boolean failing;
  private volatile boolean full;
  private final Thread writer;

  private PersistentLedger(
      LedgerStore store,
      LedgerSettings settings,
      Clock clock,
      MailLog log,
      TrustedMxHosts trustedMxHosts)
      throws IOException {
    this.store = store;
    this.clock = clock;
    this.log = log;
    this.trustedMxHosts = trustedMxHosts;
    this.rules = new LedgerRules(settings, PublicSuffixList.bundled());
    this.cache = new LedgerCache(store);
    this.rows = new AtomicInteger(store.count());
    Map<String, Long> meta = store.meta();
    this.believed = new LedgerClock(clock, log, meta);
    this.probes = new ProbeBudget(clock, meta);
    this.hostMemories = new HostMemories(store.hostMemories(), clock);
    this.writer = Supervisor.startPlatform("ledger", () -> closed, this::write);
  }

  /**
   * Opens or makes the ledger.
   *
   * @param file in a folder that only we may write
   * @throws IOException when it cannot be read: it is not taken for an empty one
   */
  public static PersistentLedger open(
      Path file, LedgerSettings settings, Clock clock, MailLog log, TrustedMxHosts trustedMxHosts)
      throws IOException {
    LedgerStore store = LedgerStore.open(file);
    try {
      return new PersistentLedger(store, settings, clock, log, trustedMxHosts);
    } catch (IOException | RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /** Puts other settings in force: a reload. */
  public void use(LedgerSettings settings) {
    rules = new LedgerRules(settings, PublicSuffixList.bundled());
  }

  /** Takes one of the day's greetings; false when they are used up. */
  public boolean tryTakeProbe() {
    return probes.tryTake();
  }

  /** The rules in force, for explaining. */
  public LedgerRules rules() {
    return rules;
  }

  /** The time as far as it is believed now. */
  public ClockReading moment() {
    return believed.read();
  }

  private @Nullable DomainRecord row(Domain domain) {
    return cache.held(domain).row();
  }

  private record Updated(@Nullable LedgerChange change, @Nullable ViolationClass before) {}

  /** Changes a row; {@code change} gets null when there is none and may leave it so. */
  private @Nullable LedgerChange update(
      Domain domain, Function<@Nullable DomainRecord, @Nullable LedgerChange> change) {
    Updated done = cache.locked(domain, () -> updated(domain, change));
    if (done.change() != null) {
      logChange(done.change(), done.before());
    }
    return done.change();
  }

  private Updated updated(
      Domain domain, Function<@Nullable DomainRecord, @Nullable LedgerChange> change) {
    DomainRecord old = row(domain);
    LedgerChange done = change.apply(old);
    if (done == null || done.row().equals(old)) {
      return new Updated(done == null ? null : LedgerChange.none(done.row()), null);
    }
    if (old == null) {
      if (cache.unsavedCount() >= MOST_DIRTY || !hasCapacity()) {
        return new Updated(null, null);
      }
      rows.incrementAndGet();
    }
    cache.put(domain, done.row());
    return new Updated(
        done, old == null || old.violation() == null ? null : rules.classOf(old, moment()));
  }

  private boolean hasCapacity() {
    int most = rules.settings().domains();
    // The writer deletes rows; a burst may exceed the limit a little before it has.
    if (rows.get() >= most) {
      wake.release();
    }
    return rows.get() < most + Math.max(1, Math.min(EVICT_AT_ONCE, most / 10));
  }

  private void logChange(LedgerChange change, @Nullable ViolationClass before) {
    Domain domain = change.row().domain();
    for (LedgerChange.Fact fact : change.facts()) {
      LedgerEvent event = LedgerEvent.of(fact);
      events.computeIfAbsent(event, e -> new LongAdder()).increment();
      if (event == LedgerEvent.PROMOTED || event == LedgerEvent.HEALED) {
        log.note("ledger", domain + " " + fact.text());
      } else {
        log.warning("ledger", domain + " " + fact.text());
      }
      if (event == LedgerEvent.VIOLATED) {
        nearUs(change.row());
      }
    }
    if (before != null && change.row().violation() != null) {
      ViolationClass now = rules.classOf(change.row(), moment());
      if (now != before) {
        log.warning("ledger", domain + " violation is now classed " + now.word());
      }
    }
  }

  private void nearUs(DomainRecord row) {
    List<Domain> together;
    synchronized (localFault) {
      together = localFault.violated(row.domain(), organisation(row), clock.now());
    }
    if (!together.isEmpty()) {
      log.warning(
          "ledger",
          together.size()
              + " domains of unrelated organisations show less together: the trouble is near"
              + " us");
    }
    for (Domain domain : together) {
      update(
          domain,
          r ->
              r == null || r.violation() == null
                  ? null
                  : LedgerChange.none(r.withViolation(r.violation().asNearUs())));
    }
  }

  private Domain organisation(DomainRecord row) {
    Domain host = row.mx().stream().min(Comparator.naturalOrder()).orElse(row.domain());
    return rules.suffixes().registrable(host).orElse(host);
  }

  @Override
  public LedgerRound beginRound(Domain domain, RoundMx answer, boolean counts) {
    return visit(domain, answer, RememberedSample.SampleOrigin.mail(counts));
  }

  @Override
  public LedgerRound beginProbe(Domain domain, RoundMx answer) {
    return visit(domain, answer, RememberedSample.SampleOrigin.GREETING);
  }

  private LedgerRound visit(Domain domain, RoundMx answer, RememberedSample.SampleOrigin origin) {
    ClockReading at = moment();
    update(domain, row -> row == null ? null : begun(row, answer, at));
    return new PersistentLedgerRound(domain, answer, origin);
  }

  /** MX hosts of a domain that are worth a greeting now: {@link LedgerRules#hostsToProbe}. */
  public Set<Domain> hostsToProbe(Domain domain) {
    DomainRecord row = row(domain);
    return row == null ? Set.of() : rules.hostsToProbe(row, moment());
  }

  private LedgerChange begun(DomainRecord row, RoundMx answer, ClockReading at) {
    return rules.roundBegins(row, answer, host -> trustedMxHosts.lists(row.domain(), host), at);
  }

  private final class PersistentLedgerRound implements LedgerRound {
    private final Domain domain;
    private final RoundMx answer;
    private final RememberedSample.SampleOrigin origin;

    PersistentLedgerRound(Domain domain, RoundMx answer, RememberedSample.SampleOrigin origin) {
      this.domain = domain;
      this.answer = answer;
      this.origin = origin;
    }

    @Override
    public void addresses(Domain host, boolean ipv4, boolean ipv6) {
      ClockReading at = moment();
      update(domain, row -> row == null ? null : rules.resolves(row, host, ipv4, ipv6, at));
    }

    @Override
    public void observed(HostSample sample) {
      ClockReading at = moment();
      RememberedSample remembered = RememberedSample.of(sample, origin, at.now());
      LedgerChange change =
          update(
              domain,
              row -> {
                if (row != null) {
                  return rules.observed(row, sample.host(), remembered, at);
                }
                // A bounce from outside does not make a row, nor does a domain that answers
                // nothing.
                return remembered.counts() && remembered.level() != ProvenLevel.SILENT
                    ? rules.observed(
                        begun(DomainRecord.fresh(domain, at.now()), answer, at).row(),
                        sample.host(),
                        remembered,
                        at)
                    : null;
              });
      if (change != null) {
        addHostSample(change.row(), sample.host(), remembered, at);
      }
    }

    @Override
    public boolean needsFreshDns() {
      DomainRecord row = row(domain);
      return row != null && row.violation() != null;
    }
  }

  private void addHostSample(
      DomainRecord row, Domain host, RememberedSample sample, ClockReading at) {
    if (row.standing() != null && row.violation() == null && sample.level().isTls()) {
      synchronized (localFault) {
        localFault.kept(row.domain(), organisation(row), at.now());
      }
    }
    if (!at.trusted() && sample.level() == ProvenLevel.VERIFIED) {
      believed.peerVerified(rules.suffixes().registrable(host).orElse(host));
    }
  }

  @Override
  public Optional<Evidence.LedgerLevel> evidenceFor(Domain domain) {
    CachedDomain held = cache.held(domain);
    DomainRecord row = held.row();
    if (row != null && !rules.isSettled(row, clock.now())) {
      settled(domain);
      held = cache.held(domain);
    }
    return held.evidence(rules);
  }

  private @Nullable DomainRecord settled(Domain domain) {
    DomainRecord row = row(domain);
    if (row == null || rules.isSettled(row, clock.now())) {
      return row;
    }
    ClockReading at = moment();
    LedgerChange change = update(domain, r -> r == null ? null : rules.timePassed(r, at));
    return change == null ? row : change.row();
  }

  @Override
  public Optional<ActiveViolation> activeViolation(Domain domain) {
    DomainRecord row = settled(domain);
    return row == null ? Optional.empty() : rules.activeViolation(row, moment());
  }

  /**
   * An MTA-STS policy in {@code enforce} ran out while its refresh failed: the domain keeps level
   * {@code verify} with the policy's MX hosts until that decays.
   *
   * @param mx not empty
   */
  public void keep(Domain domain, List<MxPattern> mx) {
    if (mx.isEmpty()) {
      return;
    }
    ClockReading at = moment();
    update(
        domain,
        row ->
            rules.policyExpired(row == null ? DomainRecord.fresh(domain, at.now()) : row, mx, at));
  }

  /** The row of a domain, for display. */
  public Optional<DomainRecord> domainRecord(Domain domain) {
    return Optional.ofNullable(settled(domain));
  }

  /**
   * The MX hosts of a domain that were verified, by what they showed since then. Reads the disk.
   *
   * @throws UncheckedIOException when the row cannot be read
   */
  public List<ProvenHost> proven(Domain domain, Instant since) {
    DomainRecord row = settled(domain);
    return row == null
        ? List.of()
        : ProvenHost.of(row, host -> trustedMxHosts.lists(domain, host), since);
  }

  /**
   * The admin takes a domain as it shows itself now; durable when this returns.
   *
   * @return what changed, in words; empty when nothing stands against the domain
   */
  public Optional<String> accept(Domain domain) throws IOException {
    LedgerChange change =
        update(
            domain, row -> row == null ? null : rules.acceptedByAdmin(row, moment()).orElse(null));
    if (change == null || change.facts().isEmpty()) {
      return Optional.empty();
    }
    flush();
    return Optional.of(change.facts().getLast().text());
  }

  /**
   * Forgets all about a domain; durable when this returns.
   *
   * @return whether anything was known
   */
  public boolean forget(Domain domain) throws IOException {
    boolean known = removed(domain, row -> true);
    if (known) {
      log.warning("ledger", domain + " is forgotten by the admin's word");
      flush();
    }
    return known;
  }

  /** Removes a record that meets a condition; false when there is none. */
  private boolean removed(Domain domain, Predicate<DomainRecord> condition) {
    return cache.locked(
        domain,
        () -> {
          DomainRecord row = row(domain);
          boolean removes = row != null && condition.test(row);
          if (removes) {
            cache.put(domain, null);
            rows.decrementAndGet();
          }
          return removes;
        });
  }

  /** The admin confirms the clock; holds begin again. */
  public void confirmClock() {
    believed.confirm();
  }

  /** The filter of a listing. */
  public enum DomainFilter {
    ALL,
    WITH_LEVEL,
    VIOLATED
  }

  /**
   * Rows by name, as far as they are on disk.
   *
   * @param after where the last page ended, or ""
   * @param most of one page, at most 1,000
   */
  public List<DomainRecord> page(DomainFilter which, String after, int most) throws IOException {
    flush();
    return store.page(which, after, Math.clamp(most, 1, 1_000));
  }

  /** Every row, page by page: to compare configurations. */
  public void each(DomainFilter which, Consumer<DomainRecord> consumer) throws IOException {
    String after = "";
    while (true) {
      List<DomainRecord> page = page(which, after, 1_000);
      page.forEach(consumer);
      if (page.size() < 1_000) {
        return;
      }
      after = page.getLast().domain().name();
    }
  }

  /**
   * For metrics, as far as it is on disk.
   *
   * @param domains remembered
   * @param encrypt with that level
   * @param verify with that level
   * @param violated that show less than their level now
   */
  public record Figures(int domains, int encrypt, int verify, int violated) {
    /** With a level. */
    public int withLevel() {
      return encrypt + verify;
    }
  }

  /** How many rows there are. */
  public Figures figures() throws IOException {
    return store.figures(rows.get());
  }

  /** What happened to levels since the ledger was opened, by word. */
  public long count(LedgerEvent event) {
    return events.getOrDefault(event, new LongAdder()).sum();
  }

  @Override
  public HostMemory at(String host) {
    return hostMemories.at(host);
  }

  @Override
  public void put(String host, HostMemory memory) {
    hostMemories.put(host, memory);
  }

  private void write() {
    while (!closed) {
      try {
        boolean woken = wake.tryAcquire(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
        if (woken) {
          wake.drainPermits();
        }
        flush();
        evict();
        failing = false;
      } catch (IOException | UncheckedIOException e) {
        if (!failing) {
          failing = true;
          log.storeTrouble("the ledger cannot be written; it goes on in memory", e);
        }
      } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
        if (!failing) {
          failing = true;
          log.bug("ledger", e);
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** Writes what has changed; durable when this returns. */
  public void flush() throws IOException {
    flushing.lock();
    try {
      Map<Domain, CachedDomain> changed = cache.unsaved();
      Map<String, HostMemory> memories = hostMemories.takeUnsaved();
      Map<String, Long> meta =
          new HashMap<>(believed.due(!changed.isEmpty() || !memories.isEmpty()));
      Map<String, Long> probesTaken = probes.takeUnsaved();
      meta.putAll(probesTaken);
      LedgerStore.Batch all = new LedgerStore.Batch(changed, memories, meta);
      if (all.isEmpty()) {
        return;
      }
      try {
        store.write(all);
      } catch (IOException e) {
        hostMemories.putBack(memories);
        probes.putBack(probesTaken);
        throw e;
      }
      cache.saved(changed);
    } finally {
      flushing.unlock();
    }
  }

  /** Drops rows without a level, least recently seen first, while there are too many. */
  private void evict() throws IOException {
    int most = rules.settings().domains();
    while (rows.get() > most) {
      List<Domain> least = store.leastRecent(Math.min(rows.get() - most, EVICT_AT_ONCE));
      int dropped = 0;
      for (Domain domain : least) {
        dropped += removed(domain, row -> row.standing() == null) ? 1 : 0;
      }
      flush();
      if (dropped == 0) {
        if (!full) {
          full = true;
          log.warning(
              "ledger",
              "every row has a level: new domains are not remembered; see [ledger] domains");
        }
        return;
      }
      full = false;
    }
  }

  /** Writes what is left and closes. */
  @Override
  public void close() throws IOException {
    closed = true;
    wake.release();
    try {
      writer.join(Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      flush();
    } finally {
      store.close();
    }
  }
}

package org.sealwax.router.ledger;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.router.log.MailLog;

/**
 * The ledger of a running router: {@link LedgerRules} over records that lie in a {@link
 * LedgerStore}. Records in use are held in one cache of bounded memory; changed ones stay in it
 * until one thread has written them together, about once a second, so that no delivery waits for
 * the disk. A crash loses at most what the last second showed. Thread-safe.
 */
public final class PersistentLedger implements Ledger, HostMemoryStore, Closeable {
  /** Memory for records in use, in estimated bytes: about ten thousand domains. */
  static final long CACHE_BYTES = 16 << 20;

  /** Hosts whose fallback step is kept: as many as {@code deliver} remembers. */
  static final int MAX_HOST_MEMORIES = 10_000;

  /** Changed rows that wait while the disk fails; beyond that new domains are not remembered. */
  static final int MOST_DIRTY = 50_000;

  /** Rows dropped at once when there are too many. */
  static final int EVICT_AT_ONCE = 500;

  private static final int STRIPES = 64;
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** How old the stored time may be on a quiet router: far below what makes a clock doubtful. */
  private static final Duration STORE_CLOCK = Duration.ofMinutes(5);

  private static final String CLOCK = "clock";
  private static final String STEADY = "steady";
  private static final String GREETING_DAY = "greeting-day";
  private static final String GREETINGS = "greetings";

  /** Greetings of hosts that no delivery needs, of one day (UTC), over restarts. */
  public static final int GREETINGS_A_DAY = 100;

  /** A source of trust in MX hosts besides DNSSEC. Thread-safe; answers from memory. */
  @FunctionalInterface
  public interface TrustedMxHosts {
    /** Whether an MTA-STS policy of {@code domain}, in {@code enforce} and in force, lists it. */
    boolean lists(Domain domain, Domain host);
  }

  /**
   * A record in memory, or that there is none, with its evidence once it was asked for. What the
   * disk does not have yet is never evicted.
   */
  private static final class CachedDomain {
    private final @Nullable DomainRecord row;
    private final boolean saved;
    private volatile @Nullable CachedEvidence evidence;

    private record CachedEvidence(LedgerRules by, Optional<Evidence.LedgerLevel> evidence) {}

    CachedDomain(@Nullable DomainRecord row, boolean saved) {
      this.row = row;
      this.saved = saved;
    }

    CachedDomain asSaved() {
      CachedDomain same = new CachedDomain(row, true);
      same.evidence = evidence;
      return same;
    }

    @SuppressWarnings("ReferenceEquality") // other settings are other rules
    Optional<Evidence.LedgerLevel> evidence(LedgerRules rules) {
      CachedEvidence there = evidence;
      if (there == null || there.by() != rules) {
        there = new CachedEvidence(rules, row == null ? Optional.empty() : rules.evidence(row));
        evidence = there;
      }
      return there.evidence();
    }

    int weight() {
      int weight = 300;
      if (row != null) {
        for (HostRecord host : row.hosts().values()) {
          weight += 300 + host.history().length() + 200 * host.keys().size();
        }
      }
      return saved ? weight : 0;
    }
  }

  private final LedgerStore store;
  private final Clock clock;
  private final MailLog log;
  private final TrustedMxHosts trustedMxHosts;
  private volatile LedgerRules rules;
  private final Cache<Domain, CachedDomain> cache =
      Caffeine.newBuilder()
          .maximumWeight(CACHE_BYTES)
          .weigher((Domain d, CachedDomain c) -> c.weight())
          .executor(Runnable::run)
          .build();
  private final Map<Domain, CachedDomain> unsaved = new ConcurrentHashMap<>();
  private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];
  private final AtomicInteger rows;
  private final ClockTrust watch;
  private final LocalFaultDetector localFault = new LocalFaultDetector();
  private final Map<String, HostMemory> steps;
  private final Map<String, HostMemory> unsavedHostMemories = new HashMap<>();
  private final Map<LedgerEvent, LongAdder> events = new ConcurrentHashMap<>();
  private final Semaphore wake = new Semaphore(0);
  private final ReentrantLock flushing = new ReentrantLock();
  private Instant clockStored = Instant.EPOCH;
  private HostRecord.Days greetings;
  private boolean greetingsDirty;
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
    Arrays.setAll(stripes, i -> new ReentrantLock());
    this.rows = new AtomicInteger(store.count());
    Map<String, Long> meta = store.meta();
    Long stored = meta.get(CLOCK);
    Instant now = clock.now();
    this.watch =
        new ClockTrust(
            now,
            clock.nanoTime(),
            stored == null ? null : Instant.ofEpochSecond(stored),
            Instant.ofEpochSecond(meta.getOrDefault(STEADY, 0L)));
    if (!watch.trusted()) {
      log.warning(
          "ledger",
          DOUBT + " (last known time: " + Instant.ofEpochSecond(stored == null ? 0 : stored) + ")");
    }
    this.greetings =
        new HostRecord.Days(
            Math.clamp(meta.getOrDefault(GREETINGS, 0L), 0, GREETINGS_A_DAY),
            meta.getOrDefault(GREETING_DAY, 0L));
    this.steps = readHostMemories(store, now);
    this.writer = Supervisor.startPlatform("ledger", () -> closed, this::write);
  }

  private static final String DOUBT =
      "the clock differs by more than an hour from what was known: no level falls away and nothing"
          + " is accepted until peers with valid certificates, or sealwax policy accept --clock,"
          + " confirm it";

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

  private static Map<String, HostMemory> readHostMemories(LedgerStore store, Instant now)
      throws IOException {
    Map<String, HostMemory> out =
        new LinkedHashMap<>(64, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<String, HostMemory> eldest) {
            return size() > MAX_HOST_MEMORIES;
          }
        };
    store.hostMemories().forEach((host, memory) -> out.put(host, memory.at(now)));
    out.values().removeIf(HostMemory.nothing()::equals);
    return out;
  }

  /** Puts other settings in force: a reload. */
  public void use(LedgerSettings settings) {
    rules = new LedgerRules(settings, PublicSuffixList.bundled());
  }

  /** Takes one of the day's greetings; false when they are used up. */
  public boolean tryTakeProbe() {
    synchronized (wake) {
      long today = LevelProgress.day(clock.now());
      int used = greetings.last() == today ? greetings.count() : 0;
      if (used >= GREETINGS_A_DAY) {
        return false;
      }
      greetings = new HostRecord.Days(used + 1, today);
      greetingsDirty = true;
      return true;
    }
  }

  /** The rules in force, for explaining. */
  public LedgerRules rules() {
    return rules;
  }

  /** The time as far as it is believed now. */
  public ClockReading moment() {
    boolean before;
    ClockReading reading;
    synchronized (watch) {
      before = watch.trusted();
      reading = watch.read(clock.now(), clock.nanoTime());
    }
    if (before != reading.trusted()) {
      log.warning("ledger", reading.trusted() ? "the clock is right again" : DOUBT);
    }
    return reading;
  }

  private CachedDomain held(Domain domain) {
    CachedDomain held = cache.getIfPresent(domain);
    return held == null ? locked(domain, () -> loaded(domain)) : held;
  }

  /** Under the lock that changes take: else an old row could take the place of a new one. */
  private CachedDomain loaded(Domain domain) {
    CachedDomain held = cache.getIfPresent(domain);
    if (held == null) {
      try {
        held = new CachedDomain(store.row(domain), true);
      } catch (IOException e) {
        // Not "nothing known": the delivery that asked is deferred (docs/policy.md).
        throw new UncheckedIOException(e);
      }
      cache.put(domain, held);
    }
    return held;
  }

  private @Nullable DomainRecord row(Domain domain) {
    return held(domain).row;
  }

  private <T extends @Nullable Object> T locked(Domain domain, Supplier<T> action) {
    ReentrantLock lock = stripes[Math.floorMod(domain.hashCode(), STRIPES)];
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  private record Updated(@Nullable LedgerChange change, @Nullable ViolationClass before) {}

  /** Changes a row; {@code change} gets null when there is none and may leave it so. */
  private @Nullable LedgerChange update(
      Domain domain, Function<@Nullable DomainRecord, @Nullable LedgerChange> change) {
    Updated done = locked(domain, () -> updated(domain, change));
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
      if (unsaved.size() >= MOST_DIRTY || !hasCapacity()) {
        return new Updated(null, null);
      }
      rows.incrementAndGet();
    }
    remember(domain, done.row());
    return new Updated(
        done, old == null || old.violation() == null ? null : rules.classOf(old, moment()));
  }

  /** Puts a row, or that there is none, in the place of the former. Under the domain's lock. */
  private void remember(Domain domain, @Nullable DomainRecord row) {
    CachedDomain entry = new CachedDomain(row, false);
    unsaved.put(domain, entry);
    cache.put(domain, entry);
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
      LedgerEvent event = eventOf(fact);
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

  private static LedgerEvent eventOf(LedgerChange.Fact fact) {
    return switch (fact) {
      case LedgerChange.Fact.Promoted p -> LedgerEvent.PROMOTED;
      case LedgerChange.Fact.Recovered h -> LedgerEvent.HEALED;
      case LedgerChange.Fact.Decayed d -> LedgerEvent.DECAYED;
      case LedgerChange.Fact.Accepted a -> LedgerEvent.ACCEPTED;
      case LedgerChange.Fact.HostsAccepted h -> LedgerEvent.ACCEPTED;
      case LedgerChange.Fact.Violated v -> LedgerEvent.VIOLATED;
    };
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
      boolean confirmed;
      synchronized (watch) {
        watch.peerVerified(
            rules.suffixes().registrable(host).orElse(host), clock.now(), clock.nanoTime());
        confirmed = watch.trusted();
      }
      if (confirmed) {
        log.warning("ledger", "the clock is confirmed by peers; holds begin anew");
      }
    }
  }

  @Override
  public Optional<Evidence.LedgerLevel> evidenceFor(Domain domain) {
    CachedDomain held = held(domain);
    if (held.row != null && !rules.isSettled(held.row, clock.now())) {
      settled(domain);
      held = held(domain);
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
    return locked(
        domain,
        () -> {
          DomainRecord row = row(domain);
          boolean removes = row != null && condition.test(row);
          if (removes) {
            remember(domain, null);
            rows.decrementAndGet();
          }
          return removes;
        });
  }

  /** The admin confirms the clock; holds begin again. */
  public void confirmClock() {
    synchronized (watch) {
      watch.confirm(clock.now(), clock.nanoTime());
    }
    log.note("ledger", "the clock is confirmed by the admin; holds begin anew");
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

  /** An event that can change a domain's level. */
  public enum LedgerEvent {
    /** It was reached. */
    PROMOTED,
    /** A violation began. */
    VIOLATED,
    /** A violation ended by itself. */
    HEALED,
    /** The lesser state, or new hosts, were accepted. */
    ACCEPTED,
    /** It was not seen for too long. */
    DECAYED;

    /** In lower case, for labels. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Override
  public HostMemory at(String host) {
    synchronized (steps) {
      HostMemory memory = steps.get(host);
      return memory == null ? HostMemory.nothing() : memory.at(clock.now());
    }
  }

  @Override
  public void put(String host, HostMemory memory) {
    synchronized (steps) {
      steps.put(host, memory);
      if (unsavedHostMemories.size() < MAX_HOST_MEMORIES) {
        unsavedHostMemories.put(host, memory);
      }
    }
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
      Map<Domain, CachedDomain> changed = new HashMap<>(unsaved);
      Map<Domain, @Nullable DomainRecord> batch = new HashMap<>();
      changed.forEach((domain, entry) -> batch.put(domain, entry.row));
      Map<String, HostMemory> places;
      synchronized (steps) {
        places = new HashMap<>(unsavedHostMemories);
        unsavedHostMemories.clear();
      }
      Map<String, Long> meta = new HashMap<>();
      ClockReading at = moment();
      // A time in doubt is not stored: the next start must doubt it too.
      boolean due = Duration.between(clockStored, at.now()).abs().compareTo(STORE_CLOCK) >= 0;
      if (at.trusted() && (due || !batch.isEmpty() || !places.isEmpty())) {
        clockStored = at.now();
        meta.put(CLOCK, at.now().getEpochSecond());
        meta.put(STEADY, Math.max(0, at.steadySince().getEpochSecond()));
      }
      synchronized (wake) {
        if (greetingsDirty) {
          meta.put(GREETING_DAY, greetings.last());
          meta.put(GREETINGS, (long) greetings.count());
          greetingsDirty = false;
        }
      }
      LedgerStore.Batch all = new LedgerStore.Batch(batch, places, meta);
      if (all.isEmpty()) {
        return;
      }
      try {
        store.write(all);
      } catch (IOException e) {
        synchronized (steps) {
          places.forEach(unsavedHostMemories::putIfAbsent);
        }
        synchronized (wake) {
          greetingsDirty |= meta.containsKey(GREETINGS);
        }
        throw e;
      }
      changed.forEach(
          (domain, entry) -> {
            // By identity: what was changed again meanwhile stays as it is.
            cache.asMap().replace(domain, entry, entry.asSaved());
            unsaved.remove(domain, entry);
          });
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

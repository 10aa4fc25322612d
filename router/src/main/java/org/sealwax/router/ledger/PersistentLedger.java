package org.sealwax.router.ledger;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
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
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.router.log.MailLog;

/**
 * The ledger of a running router: {@link LedgerRules} over rows that lie in a {@link LedgerStore}.
 * Rows in use are held in bounded memory; changed ones are written together, about once a second,
 * by a thread of their own, so that no delivery waits for the disk. A crash loses at most what the
 * last second showed. Thread-safe.
 */
public final class PersistentLedger implements Ledger, HostMemoryStore, Closeable {
  /** Memory for rows in use, in estimated bytes: more than a thousand busy domains. */
  static final long LOADED_BYTES = 8 << 20;

  /** Memory for what is asked before each delivery: more than ten thousand domains. */
  static final long BRIEF_BYTES = 8 << 20;

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

  /** A record in memory, with its evidence once it was asked for: each delivery asks. */
  private static final class CachedDomain {
    private final @Nullable DomainRecord row;
    private volatile @Nullable CachedEvidence known;

    private record CachedEvidence(LedgerRules by, Optional<Evidence.LedgerLevel> evidence) {}

    CachedDomain(@Nullable DomainRecord row) {
      this.row = row;
    }

    @Nullable DomainRecord row() {
      return row;
    }

    Optional<Evidence.LedgerLevel> evidence(LedgerRules rules) {
      DomainRecord of = row;
      if (of == null) {
        return Optional.empty();
      }
      CachedEvidence there = known;
      if (there == null || !there.by().equals(rules)) {
        there = new CachedEvidence(rules, rules.evidence(of));
        known = there;
      }
      return there.evidence();
    }

    int weight() {
      DomainRecord of = row;
      int weight = 150;
      if (of != null) {
        for (HostRecord host : of.hosts().values()) {
          weight += 700 + 64 * host.recent().size() + 250 * host.keys().size();
        }
      }
      return weight;
    }
  }

  /**
   * The part of a record that each delivery needs, a tenth of the record: so that all domains of a
   * large queue are in memory. Only where nothing but the end of the level can change it; a row
   * with a violation is checked again each time.
   *
   * @param by under which rules
   * @param until when the level falls away, or null without one
   */
  private record EvidenceSummary(
      LedgerRules by, Optional<Evidence.LedgerLevel> evidence, @Nullable Instant until) {
    static @Nullable EvidenceSummary of(
        @Nullable DomainRecord row, Optional<Evidence.LedgerLevel> evidence, LedgerRules rules) {
      return row != null && row.violation() != null
          ? null
          : new EvidenceSummary(
              rules, evidence, evidence.map(Evidence.LedgerLevel::expires).orElse(null));
    }

    @SuppressWarnings("ReferenceEquality") // other settings are other rules
    boolean isValid(LedgerRules rules, Instant now) {
      return by == rules && (until == null || !now.isAfter(until));
    }

    int weight() {
      int hosts =
          evidence
              .map(e -> e.known() instanceof MxFilter.LedgerKnown k ? k.hosts().size() : 1)
              .orElse(0);
      return 300 + 100 * hosts;
    }
  }

  private final LedgerStore store;
  private final Clock clock;
  private final MailLog log;
  private final TrustedMxHosts trustedMxHosts;
  private volatile LedgerRules rules;
  private final Cache<Domain, CachedDomain> cached =
      Caffeine.newBuilder()
          .maximumWeight(LOADED_BYTES)
          .weigher((Domain d, CachedDomain h) -> h.weight())
          .executor(Runnable::run)
          .build();
  private final Cache<Domain, EvidenceSummary> summaries =
      Caffeine.newBuilder()
          .maximumWeight(BRIEF_BYTES)
          .weigher((Domain d, EvidenceSummary b) -> b.weight())
          .executor(Runnable::run)
          .build();
  private final Map<Domain, CachedDomain> dirty = new ConcurrentHashMap<>();
  private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];
  private final AtomicInteger rows;
  private final Object clockLock = new Object();
  private final ClockTrust watch;
  private final LocalFaultDetector localFault = new LocalFaultDetector();
  private final Map<String, HostMemory> steps;
  private final Map<String, byte @Nullable []> unsavedHostMemories = new HashMap<>();
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
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new ReentrantLock();
    }
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
    store
        .hostMemories()
        .forEach(
            (host, bytes) ->
                HostMemoryCodec.read(bytes)
                    .map(memory -> memory.at(now))
                    .filter(memory -> !memory.equals(HostMemory.nothing()))
                    .ifPresent(memory -> out.put(host, memory)));
    return out;
  }

  /** Puts other settings in force: a reload. */
  public void use(LedgerSettings settings) {
    rules = new LedgerRules(settings, PublicSuffixList.bundled());
  }

  /** Takes one of the day's greetings; false when they are used up. */
  public boolean tryTakeProbe() {
    synchronized (clockLock) {
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
    synchronized (clockLock) {
      before = watch.trusted();
      reading = watch.read(clock.now(), clock.nanoTime());
    }
    if (before != reading.trusted()) {
      log.warning("ledger", reading.trusted() ? "the clock is right again" : DOUBT);
    }
    return reading;
  }

  private @Nullable DomainRecord row(Domain domain) {
    return held(domain).row();
  }

  private CachedDomain held(Domain domain) {
    CachedDomain held = inMemory(domain);
    if (held != null) {
      return held;
    }
    // Under the lock that changes take: else an old row, read before a change was written,
    // could take the place of the new one.
    ReentrantLock lock = stripe(domain);
    lock.lock();
    try {
      held = inMemory(domain);
      if (held == null) {
        held = new CachedDomain(stored(domain));
        cached.put(domain, held);
      }
      return held;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable CachedDomain inMemory(Domain domain) {
    CachedDomain inMemory = dirty.get(domain);
    return inMemory == null ? cached.getIfPresent(domain) : inMemory;
  }

  private @Nullable DomainRecord stored(Domain domain) {
    try {
      Optional<byte[]> bytes = store.row(domain);
      if (bytes.isEmpty()) {
        return null;
      }
      return DomainRecordCodec.read(domain, bytes.get())
          .orElseThrow(() -> new IOException("the row of " + domain + " is damaged"));
    } catch (IOException e) {
      // Not "nothing known": the delivery that asked is deferred (docs/policy.md).
      throw new UncheckedIOException(e);
    }
  }

  private ReentrantLock stripe(Domain domain) {
    return stripes[Math.floorMod(domain.hashCode(), STRIPES)];
  }

  /** Changes a row; {@code change} gets null when there is none and may leave it so. */
  private @Nullable LedgerChange update(
      Domain domain, Function<@Nullable DomainRecord, @Nullable LedgerChange> change) {
    LedgerChange done;
    ViolationClass before = null;
    ReentrantLock lock = stripe(domain);
    lock.lock();
    try {
      DomainRecord old = row(domain);
      done = change.apply(old);
      if (done == null || done.row().equals(old)) {
        return done;
      }
      if (old == null) {
        if (dirty.size() >= MOST_DIRTY || !hasCapacity()) {
          return null;
        }
        rows.incrementAndGet();
      } else if (old.violation() != null) {
        before = rules.classOf(old, moment());
      }
      keep(domain, new CachedDomain(done.row()));
    } finally {
      lock.unlock();
    }
    logChange(done, before);
    return done;
  }

  /** Under the lock of the domain. */
  private void keep(Domain domain, CachedDomain inMemory) {
    dirty.put(domain, inMemory);
    cached.put(domain, inMemory);
    summaries.invalidate(domain);
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
      String text = domain + " " + LedgerText.of(fact, rules.settings());
      events.computeIfAbsent(eventOf(fact), e -> new LongAdder()).increment();
      switch (fact) {
        case LedgerChange.Fact.Promoted p -> log.note("ledger", text);
        case LedgerChange.Fact.Recovered h -> log.note("ledger", text);
        case LedgerChange.Fact.Decayed d -> log.warning("ledger", text);
        case LedgerChange.Fact.Accepted a -> log.warning("ledger", text);
        case LedgerChange.Fact.HostsAccepted h -> log.warning("ledger", text);
        case LedgerChange.Fact.Violated v -> {
          log.warning("ledger", text);
          nearUs(change.row());
        }
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
      update(
          domain,
          row -> {
            return row == null ? null : LedgerRules.resolves(row, host, ipv4, ipv6, at);
          });
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
      synchronized (clockLock) {
        watch.peerVerified(
            rules.suffixes().registrable(host).orElse(host), clock.now(), clock.nanoTime());
      }
      if (watchTrusted()) {
        log.warning("ledger", "the clock is confirmed by peers; holds begin anew");
      }
    }
  }

  private boolean watchTrusted() {
    synchronized (clockLock) {
      return watch.trusted();
    }
  }

  @Override
  public Optional<Evidence.LedgerLevel> evidenceFor(Domain domain) {
    EvidenceSummary known = summaries.getIfPresent(domain);
    if (known != null && known.isValid(rules, clock.now())) {
      return known.evidence();
    }
    settled(domain);
    ReentrantLock lock = stripe(domain);
    lock.lock();
    try {
      CachedDomain cached = held(domain);
      Optional<Evidence.LedgerLevel> evidence = cached.evidence(rules);
      EvidenceSummary fresh = EvidenceSummary.of(cached.row(), evidence, rules);
      if (fresh != null) {
        summaries.put(domain, fresh);
      }
      return evidence;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable DomainRecord settled(Domain domain) {
    DomainRecord row = row(domain);
    if (row == null || row.standing() == null) {
      return row;
    }
    ClockReading at = moment();
    if (rules.timePassed(row, at).row().equals(row)) {
      return row;
    }
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
        update(domain, row -> row == null ? null : rules.acceptedByAdmin(row).orElse(null));
    if (change == null || change.facts().isEmpty()) {
      return Optional.empty();
    }
    flush();
    return Optional.of(LedgerText.of(change.facts().getLast(), rules.settings()));
  }

  /**
   * Forgets all about a domain; durable when this returns.
   *
   * @return whether anything was known
   */
  public boolean forget(Domain domain) throws IOException {
    ReentrantLock lock = stripe(domain);
    lock.lock();
    try {
      if (row(domain) == null) {
        return false;
      }
      keep(domain, new CachedDomain(null));
      rows.decrementAndGet();
    } finally {
      lock.unlock();
    }
    log.warning("ledger", domain + " is forgotten by the admin's word");
    flush();
    return true;
  }

  /** The admin confirms the clock; holds begin again. */
  public void confirmClock() {
    synchronized (clockLock) {
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
    List<DomainRecord> out = new ArrayList<>();
    LedgerStore.StoredDomainFilter what =
        switch (which) {
          case ALL -> LedgerStore.StoredDomainFilter.ALL;
          case WITH_LEVEL -> LedgerStore.StoredDomainFilter.WITH_LEVEL;
          case VIOLATED -> LedgerStore.StoredDomainFilter.VIOLATED;
        };
    for (LedgerStore.StoredDomain stored : store.page(what, after, Math.clamp(most, 1, 1_000))) {
      DomainRecordCodec.read(stored.domain(), stored.row()).ifPresent(out::add);
    }
    return out;
  }

  /** Every row, page by page: for {@link LedgerReplay}. */
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
    LedgerStore.LedgerCounts counts = store.counts();
    return new Figures(rows.get(), counts.encrypt(), counts.verify(), counts.violated());
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
        unsavedHostMemories.put(host, HostMemoryCodec.write(memory));
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
      Map<Domain, CachedDomain> changed = new HashMap<>(dirty);
      Map<Domain, @Nullable DomainRecord> batch = new HashMap<>();
      changed.forEach((domain, cached) -> batch.put(domain, cached.row()));
      Map<String, byte @Nullable []> places;
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
      synchronized (clockLock) {
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
        synchronized (clockLock) {
          greetingsDirty |= meta.containsKey(GREETINGS);
        }
        throw e;
      }
      // By identity: what was changed again meanwhile stays.
      changed.forEach(dirty::remove);
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
        dropped += drop(domain) ? 1 : 0;
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

  private boolean drop(Domain domain) {
    ReentrantLock lock = stripe(domain);
    lock.lock();
    try {
      DomainRecord row = row(domain);
      if (row == null || row.standing() != null) {
        return false;
      }
      keep(domain, new CachedDomain(null));
      rows.decrementAndGet();
      return true;
    } finally {
      lock.unlock();
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

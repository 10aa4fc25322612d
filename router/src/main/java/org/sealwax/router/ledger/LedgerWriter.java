package org.sealwax.router.ledger;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RepeatedWork;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.DomainCache;

/**
 * The one writer of the ledger, in memory and on the disk. A record is immutable; {@link #change}
 * and {@link #remove} alone put another one in its place, under the lock of its domain, and later
 * queries see it. {@link #flush} alone writes: what has changed goes to the disk together, about
 * once a second by a thread of its own, so that no delivery waits for the disk. A crash loses at
 * most what the last second showed.
 *
 * <p>Records in use are held in one cache of bounded memory; those that the disk does not have yet
 * are never evicted from it. Thread-safe.
 */
final class LedgerWriter implements Closeable {
  /** Memory for records in use, in estimated bytes: some thousand domains. */
  static final long BYTES = 32 << 20;

  /** Changed rows that wait while the disk fails; beyond that new domains are not remembered. */
  static final int MOST_UNSAVED = 50_000;

  /** Rows dropped at once when there are too many. */
  static final int EVICT_AT_ONCE = 500;

  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final String PROBES_DAY = "greeting-day";
  private static final String PROBES = "greetings";

  /**
   * A record in memory, or that there is none.
   *
   * @param stored what the disk has in its place: only what differs is written
   * @param evidence of the record, once it was asked for
   */
  record HeldRecord(
      @Nullable DomainRecord row,
      @Nullable DomainRecord stored,
      AtomicReference<@Nullable CachedEvidence> evidence) {
    private record CachedEvidence(LedgerRules by, Optional<Evidence.LedgerLevel> evidence) {}

    HeldRecord(@Nullable DomainRecord row, @Nullable DomainRecord stored) {
      this(row, stored, new AtomicReference<>());
    }

    @SuppressWarnings("ReferenceEquality") // other settings are other rules
    Optional<Evidence.LedgerLevel> evidence(LedgerRules rules) {
      CachedEvidence there = evidence.get();
      if (there == null || there.by() != rules) {
        there = new CachedEvidence(rules, row == null ? Optional.empty() : rules.evidence(row));
        evidence.set(there);
      }
      return there.evidence();
    }

    private int weight() {
      int weight = 300;
      if (row != null) {
        for (HostRecord host : row.hosts().values()) {
          weight += 300 + 80 * host.history().size() + 200 * host.keys().size();
        }
      }
      return weight;
    }
  }

  private final LedgerStore store;
  private final IntSupplier mostRows;
  private final MailLog log;
  private final Map<Domain, HeldRecord> unsaved = new ConcurrentHashMap<>();
  private final DomainCache<HeldRecord> cache;
  private final AtomicInteger rows;
  private final LedgerClock believed;
  private final HostMemories hostMemories;
  private final Map<String, Long> meta;
  private final Map<String, Long> savedMeta;
  private final ReentrantLock flushing = new ReentrantLock();
  private final RepeatedWork writes = new RepeatedWork(PAUSE, this::write, this::failed);
  private boolean failing;
  private boolean full;

  /**
   * Over a store, which it closes.
   *
   * @param mostRows beyond these, rows without a level are dropped
   */
  LedgerWriter(LedgerStore store, IntSupplier mostRows, Clock clock, MailLog log)
      throws IOException {
    this.store = store;
    this.mostRows = mostRows;
    this.log = log;
    this.cache =
        new DomainCache<>(
            BYTES,
            (domain, held) -> unsaved.containsKey(domain) ? 0 : held.weight(),
            domain -> {
              DomainRecord stored = store.row(domain);
              return new HeldRecord(stored, stored);
            });
    this.rows = new AtomicInteger(store.count("1"));
    this.savedMeta = new HashMap<>(store.meta());
    this.meta = new ConcurrentHashMap<>(savedMeta);
    this.believed = new LedgerClock(clock, log, savedMeta);
    this.hostMemories = new HostMemories(store.hostMemories(), clock.now());
  }

  /** Begins to write, and goes on until closed. */
  void start() {
    writes.start("ledger");
  }

  /** The time as far as it is believed. */
  LedgerClock believed() {
    return believed;
  }

  HostMemories hostMemories() {
    return hostMemories;
  }

  /** Rows there are, those in memory included. */
  int rows() {
    return rows.get();
  }

  /**
   * The record of a domain, from the disk if need be.
   *
   * @throws UncheckedIOException when it cannot be read
   */
  HeldRecord held(Domain domain) {
    return cache.get(domain);
  }

  /**
   * Changes a record.
   *
   * @param change gets null when there is none and may leave it so
   * @return what has changed; null when there is still no record
   */
  @Nullable LedgerChange change(
      Domain domain, Function<@Nullable DomainRecord, @Nullable LedgerChange> change) {
    return cache.locked(
        domain,
        () -> {
          DomainRecord old = held(domain).row();
          LedgerChange done = change.apply(old);
          if (done == null || done.row().equals(old)) {
            return done == null ? null : LedgerChange.none(done.row());
          }
          if (old == null && !hasCapacity()) {
            return null;
          }
          put(domain, done.row());
          rows.addAndGet(old == null ? 1 : 0);
          return done;
        });
  }

  /** Removes a record that meets a condition; false when there is none. */
  boolean remove(Domain domain, Predicate<DomainRecord> condition) {
    return cache.locked(
        domain,
        () -> {
          DomainRecord row = held(domain).row();
          boolean removes = row != null && condition.test(row);
          if (removes) {
            put(domain, null);
            rows.decrementAndGet();
          }
          return removes;
        });
  }

  private boolean hasCapacity() {
    int most = mostRows.getAsInt();
    // The thread deletes rows; a burst may exceed the limit a little before it has.
    if (rows.get() >= most) {
      writes.wake();
    }
    return unsaved.size() < MOST_UNSAVED
        && rows.get() < most + Math.max(1, Math.min(EVICT_AT_ONCE, most / 10));
  }

  private void put(Domain domain, @Nullable DomainRecord row) {
    HeldRecord now = new HeldRecord(row, held(domain).stored());
    unsaved.put(domain, now);
    cache.put(domain, now);
  }

  /**
   * Takes one of the greetings of hosts that no delivery needs, of a day (UTC), over restarts.
   *
   * @return false when they are used up
   */
  synchronized boolean tryTakeProbe(long today) {
    long used = meta.getOrDefault(PROBES_DAY, 0L) == today ? meta.getOrDefault(PROBES, 0L) : 0;
    if (used >= PersistentLedger.GREETINGS_A_DAY) {
      return false;
    }
    meta.put(PROBES_DAY, today);
    meta.put(PROBES, used + 1);
    return true;
  }

  /** Writes what has changed; durable when this returns. */
  void flush() throws IOException {
    flushing.lock();
    try {
      Map<Domain, HeldRecord> changed = unsaved();
      Map<String, HostMemory> memories = hostMemories.unsaved();
      meta.putAll(believed.due(!changed.isEmpty() || !memories.isEmpty()));
      Map<String, Long> facts = new HashMap<>(meta);
      facts.entrySet().removeAll(savedMeta.entrySet());
      LedgerStore.Batch all = new LedgerStore.Batch(changed, memories, facts);
      if (!all.isEmpty()) {
        store.write(all);
        saved(changed);
        hostMemories.saved(memories);
        savedMeta.putAll(facts);
      }
    } finally {
      flushing.unlock();
    }
  }

  /** What is to be written. */
  Map<Domain, HeldRecord> unsaved() {
    return Map.copyOf(unsaved);
  }

  /** It was written; what was changed again meanwhile is still to be, over what was written. */
  void saved(Map<Domain, HeldRecord> written) {
    written.forEach(
        (domain, entry) ->
            cache.locked(
                domain,
                () -> {
                  HeldRecord held = held(domain);
                  HeldRecord now = new HeldRecord(held.row(), entry.row(), held.evidence());
                  if (!unsaved.remove(domain, entry)) {
                    unsaved.put(domain, now);
                  }
                  cache.put(domain, now);
                  return now;
                }));
  }

  /** Drops rows without a level, least recently seen first, while there are too many. */
  private void evict() throws IOException {
    int most = mostRows.getAsInt();
    while (rows.get() > most) {
      List<Domain> least = store.leastRecent(Math.min(rows.get() - most, EVICT_AT_ONCE));
      boolean dropped = false;
      for (Domain domain : least) {
        dropped |= remove(domain, row -> row.standing() == null);
      }
      flush();
      if (!dropped) {
        if (!full) {
          full = true;
          log.warning(
              "ledger",
              "the ledger is full of domains with a level: new domains are not recorded; see [ledger] domains");
        }
        return;
      }
      full = false;
    }
  }

  private void write() throws IOException {
    flush();
    evict();
    failing = false;
  }

  private void failed(Throwable e) {
    if (failing) {
      return;
    }
    failing = true;
    if (e instanceof IOException || e instanceof UncheckedIOException) {
      log.storeTrouble("the ledger cannot be written; it continues in memory", e);
    } else {
      log.bug("ledger", e);
    }
  }

  /** Writes what is left and closes. */
  @Override
  public void close() throws IOException {
    writes.closeAndWait();
    try {
      flush();
    } finally {
      store.close();
    }
  }
}

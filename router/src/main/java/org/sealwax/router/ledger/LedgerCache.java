package org.sealwax.router.ledger;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;

/**
 * The records in memory: those in use, and those that the disk does not have yet, which are never
 * evicted. A change of a domain is made under its lock. Thread-safe.
 */
final class LedgerCache {
  /** Memory for records in use, in estimated bytes: about ten thousand domains. */
  static final long BYTES = 16 << 20;

  private static final int LOCKS = 64;

  /**
   * A record in memory, or that there is none, with its evidence once it was asked for, and what
   * the disk has in its place: only what differs is written.
   */
  static final class CachedDomain {
    private final @Nullable DomainRecord row;
    private final @Nullable DomainRecord stored;
    private volatile @Nullable CachedEvidence evidence;

    private record CachedEvidence(LedgerRules by, Optional<Evidence.LedgerLevel> evidence) {}

    CachedDomain(@Nullable DomainRecord row, @Nullable DomainRecord stored) {
      this.row = row;
      this.stored = stored;
    }

    /** The same while the disk has another record. */
    private CachedDomain over(@Nullable DomainRecord nowStored) {
      CachedDomain same = new CachedDomain(row, nowStored);
      same.evidence = evidence;
      return same;
    }

    @Nullable DomainRecord row() {
      return row;
    }

    @Nullable DomainRecord stored() {
      return stored;
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

    private int weight() {
      int weight = 300;
      if (row != null) {
        for (HostRecord host : row.hosts().values()) {
          weight += 300 + host.history().length() + 200 * host.keys().size();
        }
      }
      return weight;
    }
  }

  private final LedgerStore store;
  private final ReentrantLock[] locks = new ReentrantLock[LOCKS];
  private final Map<Domain, CachedDomain> unsaved = new ConcurrentHashMap<>();
  private final Cache<Domain, CachedDomain> cache =
      Caffeine.newBuilder()
          .maximumWeight(BYTES)
          .weigher((Domain d, CachedDomain c) -> unsaved.containsKey(d) ? 0 : c.weight())
          .executor(Runnable::run)
          .build();

  LedgerCache(LedgerStore store) {
    this.store = store;
    Arrays.setAll(locks, i -> new ReentrantLock());
  }

  /**
   * The record of a domain, from the disk if need be.
   *
   * @throws UncheckedIOException when it cannot be read; that is not "nothing known": the delivery
   *     that asked is deferred (docs/policy.md)
   */
  CachedDomain held(Domain domain) {
    CachedDomain held = cache.getIfPresent(domain);
    // Under the lock that changes take: else an old record could take the place of a new one.
    return held == null ? locked(domain, () -> loaded(domain)) : held;
  }

  private CachedDomain loaded(Domain domain) {
    CachedDomain held = cache.getIfPresent(domain);
    if (held == null) {
      try {
        DomainRecord stored = store.row(domain);
        held = new CachedDomain(stored, stored);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      cache.put(domain, held);
    }
    return held;
  }

  /** Does something while nobody else changes the domain. */
  <T extends @Nullable Object> T locked(Domain domain, Supplier<T> action) {
    ReentrantLock lock = locks[Math.floorMod(domain.hashCode(), LOCKS)];
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  /** Puts a record, or that there is none, in the place of the former. Under the domain's lock. */
  void put(Domain domain, @Nullable DomainRecord row) {
    CachedDomain entry = new CachedDomain(row, loaded(domain).stored());
    unsaved.put(domain, entry);
    cache.put(domain, entry);
  }

  /** How many records are to be written. */
  int unsavedCount() {
    return unsaved.size();
  }

  /** What is to be written. */
  Map<Domain, CachedDomain> unsaved() {
    return new HashMap<>(unsaved);
  }

  /** It was written; what was changed again meanwhile is still to be, over what was written. */
  void saved(Map<Domain, CachedDomain> written) {
    written.forEach((domain, entry) -> locked(domain, () -> saved(domain, entry)));
  }

  private CachedDomain saved(Domain domain, CachedDomain entry) {
    CachedDomain now = loaded(domain).over(entry.row());
    if (!unsaved.remove(domain, entry)) {
      unsaved.put(domain, now);
    }
    cache.put(domain, now);
    return now;
  }
}

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

  /** A record in memory, or that there is none, with its evidence once it was asked for. */
  static final class CachedDomain {
    private final @Nullable DomainRecord row;
    private final boolean saved;
    private volatile @Nullable CachedEvidence evidence;

    private record CachedEvidence(LedgerRules by, Optional<Evidence.LedgerLevel> evidence) {}

    private CachedDomain(@Nullable DomainRecord row, boolean saved) {
      this.row = row;
      this.saved = saved;
    }

    private CachedDomain asSaved() {
      CachedDomain same = new CachedDomain(row, true);
      same.evidence = evidence;
      return same;
    }

    @Nullable DomainRecord row() {
      return row;
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
      return saved ? weight : 0;
    }
  }

  private final LedgerStore store;
  private final ReentrantLock[] locks = new ReentrantLock[LOCKS];
  private final Map<Domain, CachedDomain> unsaved = new ConcurrentHashMap<>();
  private final Cache<Domain, CachedDomain> cache =
      Caffeine.newBuilder()
          .maximumWeight(BYTES)
          .weigher((Domain d, CachedDomain c) -> c.weight())
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
        held = new CachedDomain(store.row(domain), true);
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
    CachedDomain entry = new CachedDomain(row, false);
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

  /** It was written; what was changed again meanwhile stays as it is. */
  void saved(Map<Domain, CachedDomain> written) {
    written.forEach(
        (domain, entry) -> {
          cache.asMap().replace(domain, entry, entry.asSaved());
          unsaved.remove(domain, entry);
        });
  }
}

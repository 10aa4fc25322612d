package org.sealwax.router.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Weigher;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;

/**
 * What a store has about domains, in bounded memory. A value is read from the store under the lock
 * of its domain; a caller that changes it takes the same lock, so that no old value takes the place
 * of a new one. Thread-safe.
 *
 * @param <V> of values; one that stands for "nothing is stored" is a value, too
 */
public final class DomainCache<V> {
  private static final int LOCKS = 64;

  private final ReentrantLock[] locks = new ReentrantLock[LOCKS];
  private final Cache<Domain, V> values;
  private final StoreReader<V> store;

  /** Where values come from. */
  @FunctionalInterface
  public interface StoreReader<V> {
    /** Reads the value of a domain. */
    V read(Domain domain) throws IOException;
  }

  /**
   * Nothing is in memory.
   *
   * @param mostWeight of all values, as {@code weigher} counts
   */
  public DomainCache(long mostWeight, Weigher<Domain, V> weigher, StoreReader<V> store) {
    Arrays.setAll(locks, i -> new ReentrantLock());
    this.values =
        Caffeine.newBuilder()
            .maximumWeight(mostWeight)
            .weigher(weigher)
            .executor(Runnable::run)
            .build();
    this.store = store;
  }

  /** Does something while no other thread changes or reads the stored value of the domain. */
  public <T extends @Nullable Object> T locked(Domain domain, Supplier<T> action) {
    ReentrantLock lock = locks[Math.floorMod(domain.hashCode(), LOCKS)];
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  /** The value in memory; null when it is not there. Takes no lock. */
  public @Nullable V ifPresent(Domain domain) {
    return values.getIfPresent(domain);
  }

  /**
   * The value of a domain, from the store if need be.
   *
   * @throws UncheckedIOException when it cannot be read; that is not "nothing known": the delivery
   *     that asked is deferred (docs/policy.md)
   */
  public V get(Domain domain) {
    V there = ifPresent(domain);
    return there == null ? locked(domain, () -> values.get(domain, this::read)) : there;
  }

  private V read(Domain domain) {
    try {
      return store.read(domain);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Puts a value in the place of the former one; call it inside {@link #locked}. */
  public void put(Domain domain, V value) {
    values.put(domain, value);
  }
}

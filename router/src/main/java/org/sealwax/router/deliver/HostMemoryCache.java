package org.sealwax.router.deliver;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Observation;
import org.sealwax.router.ledger.HostMemoryStore;

/**
 * A cache of the memories of hosts; the least recently used entry is dropped first. Thread-safe.
 * One for the process: delivery agent come and go with configurations, and a reload must not make a
 * host that did TLS yesterday look like one never met. A store keeps it over a restart, for as long
 * as {@link org.sealwax.mail.policy.FallbackLadder} lets it count.
 */
public final class HostMemoryCache {
  /** Hosts remembered: a few hundred bytes each. */
  static final int MOST = 10_000;

  private final Map<String, HostMemory> byHost =
      new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, HostMemory> eldest) {
          return size() > MOST;
        }
      };

  private final HostMemoryStore store;

  /** Nothing is known yet, and nothing outlives the process. */
  public HostMemoryCache() {
    this(HostMemoryStore.none());
  }

  /** Begins with what is in the store. */
  public HostMemoryCache(HostMemoryStore store) {
    this.store = store;
  }

  /** Hosts remembered now, for metrics. */
  public synchronized int size() {
    return byHost.size();
  }

  synchronized HostMemory at(String host, Instant now) {
    HostMemory memory = byHost.get(host);
    if (memory == null) {
      memory = store.at(host);
      if (!memory.equals(HostMemory.nothing())) {
        byHost.put(host, memory);
      }
    }
    return memory.at(now);
  }

  synchronized HostMemory after(
      String host, Observation observation, FallbackStep step, Instant now) {
    HostMemory next = at(host, now).after(observation, step, now);
    if (!next.equals(HostMemory.nothing())) {
      byHost.put(host, next);
      store.put(host, next);
    }
    return next;
  }
}

package org.sealwax.deliver;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.sealwax.policy.HostMemory;
import org.sealwax.policy.Observation;
import org.sealwax.policy.Rung;

/**
 * What hosts have shown lately, bounded; the least recently used is forgotten first. Thread-safe.
 * Lost at a restart: it raises nothing, and the ledger is another thing.
 */
final class HostMemories {
  /** Hosts remembered: a few hundred octets each. */
  static final int MOST = 10_000;

  private final Map<String, HostMemory> byHost =
      new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, HostMemory> eldest) {
          return size() > MOST;
        }
      };

  synchronized HostMemory at(String host, Instant now) {
    HostMemory memory = byHost.get(host);
    return memory == null ? HostMemory.nothing() : memory.at(now);
  }

  synchronized HostMemory after(String host, Observation observation, Rung rung, Instant now) {
    HostMemory next = at(host, now).after(observation, rung, now);
    if (!next.equals(HostMemory.nothing())) {
      byHost.put(host, next);
    }
    return next;
  }
}

package org.sealwax.router.ledger;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Observation;

/**
 * The fallback ladder's memories of hosts, by host and port as {@code deliver} names them; the
 * least recently used is dropped first. One for the process: delivery agents come and go with
 * configurations, and a reload must not make a host that did TLS yesterday look like one never met.
 * Those of a {@link PersistentLedger} outlive the process, for as long as {@link
 * org.sealwax.mail.policy.FallbackLadder} lets them count. Thread-safe; nothing waits for a disk.
 */
public final class HostMemories {
  /** Hosts remembered: a few hundred bytes each. */
  static final int MOST = 10_000;

  private final Map<String, HostMemory> byHost = BoundedMap.byUse(MOST);
  private final Map<String, HostMemory> unsaved = new HashMap<>();

  /** Nothing is known yet. */
  public HostMemories() {}

  /** Of those that were stored, the ones that still count are known. */
  HostMemories(Map<String, HostMemory> stored, Instant now) {
    stored.forEach(
        (host, memory) -> {
          HostMemory left = memory.at(now);
          if (!left.equals(HostMemory.nothing())) {
            byHost.put(host, left);
          }
        });
  }

  /** Hosts remembered now. */
  public synchronized int size() {
    return byHost.size();
  }

  /** What counts of a host's memory now. */
  public synchronized HostMemory at(String host, Instant now) {
    return byHost.getOrDefault(host, HostMemory.nothing()).at(now);
  }

  /** The host's memory after an observation, which is kept. */
  public synchronized HostMemory after(
      String host, Observation observation, FallbackStep step, Instant now) {
    HostMemory next = at(host, now).after(observation, step, now);
    if (!next.equals(HostMemory.nothing())) {
      put(host, next);
    }
    return next;
  }

  synchronized void put(String host, HostMemory memory) {
    byHost.put(host, memory);
    if (unsaved.size() < MOST) {
      unsaved.put(host, memory);
    }
  }

  /** What is to be written. */
  synchronized Map<String, HostMemory> unsaved() {
    return Map.copyOf(unsaved);
  }

  /** It was written. */
  synchronized void saved(Map<String, HostMemory> written) {
    written.forEach(unsaved::remove);
  }
}

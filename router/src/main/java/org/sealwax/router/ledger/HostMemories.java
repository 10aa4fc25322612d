package org.sealwax.router.ledger;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.HostMemory;

/** The fallback ladder's memories of hosts, and those that the disk does not have. Thread-safe. */
final class HostMemories implements HostMemoryStore {
  /** Hosts whose fallback step is kept: as many as {@code deliver} remembers. */
  private static final int MOST = 10_000;

  private final Clock clock;
  private final Map<String, HostMemory> byHost =
      new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, HostMemory> eldest) {
          return size() > MOST;
        }
      };
  private final Map<String, HostMemory> unsaved = new HashMap<>();

  HostMemories(Map<String, HostMemory> stored, Clock clock) {
    this.clock = clock;
    stored.forEach(
        (host, memory) -> {
          HostMemory left = memory.at(clock.now());
          if (!left.equals(HostMemory.nothing())) {
            byHost.put(host, left);
          }
        });
  }

  @Override
  public synchronized HostMemory at(String host) {
    HostMemory memory = byHost.get(host);
    return memory == null ? HostMemory.nothing() : memory.at(clock.now());
  }

  @Override
  public synchronized void put(String host, HostMemory memory) {
    byHost.put(host, memory);
    if (unsaved.size() < MOST) {
      unsaved.put(host, memory);
    }
  }

  /** What is to be written; it counts as written until it is put back. */
  synchronized Map<String, HostMemory> takeUnsaved() {
    Map<String, HostMemory> taken = new HashMap<>(unsaved);
    unsaved.clear();
    return taken;
  }

  /** It could not be written. */
  synchronized void putBack(Map<String, HostMemory> taken) {
    taken.forEach(unsaved::putIfAbsent);
  }
}

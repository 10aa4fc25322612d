package org.sealwax.router.ledger;

import org.sealwax.mail.policy.HostMemory;

/**
 * The store of the fallback ladder's memory of hosts, kept over a restart. Thread-safe; writing
 * waits for no disk, and what is too old to count is not given back.
 */
public interface HostMemoryStore {
  /** What was put there, or {@link HostMemory#nothing}. */
  HostMemory at(String host);

  /**
   * Puts it there, soon durable.
   *
   * @param host the key of a host and port, as {@code deliver} forms it
   */
  void put(String host, HostMemory memory);

  /** Keeps nothing. */
  static HostMemoryStore none() {
    return NoHostMemoryStore.INSTANCE;
  }

  /** Keeps nothing. */
  final class NoHostMemoryStore implements HostMemoryStore {
    private static final NoHostMemoryStore INSTANCE = new NoHostMemoryStore();

    private NoHostMemoryStore() {}

    @Override
    public HostMemory at(String host) {
      return HostMemory.nothing();
    }

    @Override
    public void put(String host, HostMemory memory) {}
  }
}

package org.sealwax.router.deliver;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.sealwax.mail.address.MailHost;

/**
 * The hosts and addresses where a delivery failed, so that the next delivery of the same mail
 * begins at another host and address (RFC 5321 5.1). Bounded: the least recently used is forgotten
 * first, and such mail begins at the best host again. Thread-safe.
 */
final class TriedHosts {
  /** Entries kept: one for each message and next hop, and one for each next hop that is silent. */
  static final int MOST = 10_000;

  /**
   * One entry.
   *
   * @param hosts tried, or passed over, since the best one was
   * @param addresses tried, of all hosts
   * @param putOffAt preference of the best host that put recipients off since the best one was
   *     tried; {@link #NONE} when none did
   */
  record Tried(Set<MailHost> hosts, Set<InetAddress> addresses, int putOffAt) {
    /** No host deferred a recipient. */
    static final int NONE = Integer.MAX_VALUE;

    /** Addresses of one entry; beyond it all of them are forgotten but those of the last round. */
    static final int ADDRESSES = 64;

    /** Nothing has been tried. */
    static final Tried NOTHING = new Tried(Set.of(), Set.of(), NONE);

    /** Copies. */
    Tried {
      hosts = Set.copyOf(hosts);
      addresses = Set.copyOf(addresses);
    }

    /** With what one more round tried. */
    Tried and(Set<MailHost> moreHosts, Set<InetAddress> moreAddresses) {
      Set<MailHost> allHosts = new LinkedHashSet<>(hosts);
      allHosts.addAll(moreHosts);
      Set<InetAddress> allAddresses = new LinkedHashSet<>(addresses);
      allAddresses.addAll(moreAddresses);
      return new Tried(
          allHosts, allAddresses.size() > ADDRESSES ? moreAddresses : allAddresses, putOffAt);
    }

    /** Without these addresses: all of a host have been tried, and their turns begin again. */
    Tried without(Set<InetAddress> gone) {
      Set<InetAddress> left = new LinkedHashSet<>(addresses);
      left.removeAll(gone);
      return new Tried(hosts, left, putOffAt);
    }

    /** With a host that put recipients off. */
    Tried putOffAt(int preference) {
      return new Tried(hosts, addresses, Math.min(putOffAt, preference));
    }

    /** Every host has been tried: the next round begins at the best one. */
    Tried restarted() {
      return new Tried(Set.of(), addresses, NONE);
    }
  }

  /** Read without the lock. */
  private volatile int entries;

  private final Map<String, Tried> byKey =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Tried> eldest) {
          return size() > MOST;
        }
      };

  /** Whether nothing is known: so it is while mail is delivered at the first try. */
  boolean isEmpty() {
    return entries == 0;
  }

  /** What is known under a key; {@link Tried#NOTHING} when it is not there. */
  synchronized Tried at(String key) {
    return byKey.getOrDefault(key, Tried.NOTHING);
  }

  synchronized void put(String key, Tried tried) {
    byKey.put(key, tried);
    entries = byKey.size();
  }

  synchronized void forget(String key) {
    byKey.remove(key);
    entries = byKey.size();
  }
}

package org.sealwax.router.deliver;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.PolicySubject;

/**
 * The hosts of one round in their order: those that the rounds before have not tried, then the
 * others, each by preference. What is demanded of a host is looked up when its turn comes, or when
 * it must be known how many are left. Hosts that must not be used do not count: at most {@link
 * FallbackLadder#HOSTS} of those that may are tried, out of {@link MxSet#MAX_HOSTS} that are looked
 * at. One thread owns it.
 */
final class HostOrder {
  /**
   * What the deliveries of one mail to one next hop have tried without success.
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

  /**
   * The hosts and addresses where a delivery failed, so that the next delivery of the same mail
   * begins at another host and address (RFC 5321 5.1). Bounded: the least recently used is
   * forgotten first, and such mail begins at the best host again. Thread-safe.
   */
  static final class TriedHosts {
    /**
     * Entries kept: one for each message and next hop, and one for each next hop that is silent.
     */
    static final int MOST = 10_000;

    /** Read without the lock. */
    private volatile int entries;

    private final Map<String, Tried> byKey = BoundedMap.byUse(MOST);

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

  /** Looks up what is demanded of a host. */
  @FunctionalInterface
  interface RequirementLookup {
    HostRequirement of(PolicySubject subject) throws InterruptedException;
  }

  private static final class OrderedHost {
    private final RoutePlan.PlannedHost host;
    private final int rank;
    private @Nullable HostRequirement requirement;

    OrderedHost(RoutePlan.PlannedHost host, int rank) {
      this.host = host;
      this.rank = rank;
    }
  }

  private final RequirementLookup requirements;
  private final Tried before;
  private final List<OrderedHost> ordered = new ArrayList<>();
  private final Set<MailHost> hosts = new LinkedHashSet<>(2);
  private final Set<InetAddress> addresses = new LinkedHashSet<>(2);
  private final Set<InetAddress> exhausted = new LinkedHashSet<>(0);
  private int position = -1;
  private int usable;

  /**
   * An order.
   *
   * @param planned by preference
   * @param before what the rounds before have tried
   */
  HostOrder(List<RoutePlan.PlannedHost> planned, Tried before, RequirementLookup requirements) {
    this.before = before;
    this.requirements = requirements;
    for (RoutePlan.PlannedHost host : planned) {
      ordered.add(new OrderedHost(host, ordered.size()));
    }
    if (ordered.size() > 1 && !before.hosts().isEmpty()) {
      ordered.sort(Comparator.comparing(orderedHost -> before.hosts().contains(host(orderedHost))));
    }
  }

  private static MailHost host(OrderedHost ordered) {
    return ordered.host.subject().host();
  }

  /** The host whose turn it is now, and what is demanded of it; null when there is none left. */
  @Nullable HostRequirement next() throws InterruptedException {
    position++;
    if (position >= end() || usable == FallbackLadder.HOSTS) {
      return null;
    }
    HostRequirement requirement = requirementOf(ordered.get(position));
    usable += requirement.isUsable() ? 1 : 0;
    return requirement;
  }

  /** Each may cost several look-ups, and others wrote the list: the rest waits its turn. */
  private int end() {
    return Math.min(MxSet.MAX_HOSTS, ordered.size());
  }

  private HostRequirement requirementOf(OrderedHost ordered) throws InterruptedException {
    HostRequirement known = ordered.requirement;
    if (known == null) {
      known = requirements.of(ordered.host.subject());
      ordered.requirement = known;
    }
    return known;
  }

  /** Usable hosts whose turn is still to come in this round. */
  int remaining() throws InterruptedException {
    int left = 0;
    for (int i = position + 1; i < end() && usable + left < FallbackLadder.HOSTS; i++) {
      left += requirementOf(ordered.get(i)).isUsable() ? 1 : 0;
    }
    return left;
  }

  /** Usable hosts of this round. */
  int usable() throws InterruptedException {
    return Math.max(1, usable + remaining());
  }

  /** Preference of the host whose turn it is. */
  int preference() {
    return ordered.get(position).host.preference();
  }

  /** Whether it is the domain's best host. */
  boolean isBest() {
    return ordered.get(position).rank == 0;
  }

  /**
   * Our own address stands here: it is left out, with all that is less preferred, which is no
   * better than we (RFC 5321 5.1).
   */
  void cutAtOwnHost() {
    int own = ordered.get(position).rank;
    int past =
        (int)
            ordered.stream().limit(position).filter(orderedHost -> orderedHost.rank < own).count();
    ordered.removeIf(orderedHost -> orderedHost.rank >= own);
    position = past - 1;
  }

  /** A host needs no other try before the others have had theirs. */
  void tried(MailHost host) {
    hosts.add(host);
  }

  /** The same for one of its addresses. */
  void tried(MailHost host, InetAddress address) {
    tried(host);
    addresses.add(address);
  }

  /** Addresses in the order to try them: those first that the rounds before have not tried. */
  List<InetAddress> untriedFirst(List<InetAddress> all) {
    if (before.addresses().containsAll(all)) {
      exhausted.addAll(all);
    }
    if (all.size() == 1 || before.addresses().isEmpty()) {
      return all;
    }
    List<InetAddress> order = new ArrayList<>(all);
    order.sort(Comparator.comparing(before.addresses()::contains));
    return order;
  }

  /** Whether a host has had no turn yet, neither in this round nor in those before. */
  boolean hasUntried() {
    return !ordered.stream()
        .map(HostOrder::host)
        .allMatch(host -> hosts.contains(host) || before.hosts().contains(host));
  }

  /** What has been tried by now, for the round after this one. */
  Tried after() {
    Tried all = before.without(exhausted).and(hosts, addresses);
    return hasUntried() ? all : all.restarted();
  }
}

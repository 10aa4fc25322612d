package org.sealwax.testkit.zone;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/**
 * The zones of a server, with their keys, their delegations to one another, and their faults.
 * Thread-safe: a reader sees one state or the next.
 */
final class ZoneSet {
  private record FaultKey(Name name, int type) {}

  private record KeyName(Name origin, Zone.Algorithm algorithm, boolean unknown) {}

  /** RFC 6895 3.1: a type that is reserved; the fault is for all types. */
  private static final int ALL_TYPES = 0;

  private final Clock clock;
  private final boolean rooted;
  private final List<Name> servers;
  private final Map<KeyName, ZoneKey> keys = new ConcurrentHashMap<>();
  private final Map<FaultKey, DnsFault> faults = new ConcurrentHashMap<>();
  private volatile Map<Name, ServedZone> zones = Map.of();

  /** The texts behind {@link #zones}: a parent is made again when its children change. */
  private Map<Name, Zone> texts = Map.of();

  /**
   * No zones yet.
   *
   * @param rooted whether there is a default signed root
   * @param servers the name servers of every zone that names none
   */
  ZoneSet(Clock clock, boolean rooted, List<Name> servers) {
    this.clock = clock;
    this.rooted = rooted;
    this.servers = List.copyOf(servers);
  }

  /** The zones as they are now, by origin. */
  Map<Name, ServedZone> now() {
    return zones;
  }

  /** Sets the key that a zone is signed with from now on, instead of one made for it. */
  void pin(ZoneKey key) {
    keys.put(new KeyName(key.record().getName(), Zone.Algorithm.ECDSA_P256, false), key);
  }

  /** See {@link LoopbackResolver#serve}. */
  synchronized void serve(List<Zone> others) {
    Map<Name, Zone> next = new HashMap<>();
    for (Zone zone : others) {
      put(zone, next);
    }
    root(next);
    zones = Map.of();
    change(next, zones);
  }

  /** See {@link ZoneServer#add}. */
  synchronized void add(List<Zone> more) {
    Map<Name, Zone> next = new HashMap<>(texts);
    for (Zone zone : more) {
      put(zone, next);
    }
    change(next, zones);
  }

  /** See {@link ZoneServer#replace}. */
  synchronized void replace(List<Zone> others) {
    Map<Name, Zone> next = new HashMap<>(texts);
    Map<Name, ServedZone> without = new HashMap<>(zones);
    for (Zone zone : others) {
      Name origin = ServedZone.absolute(zone.origin());
      next.put(origin, zone);
      without.remove(origin);
    }
    change(next, without);
  }

  /** See {@link ZoneServer#remove}. */
  synchronized void remove(String name) {
    Name top = ServedZone.absolute(name);
    Map<Name, Zone> next = new HashMap<>(texts);
    next.keySet().removeIf(origin -> origin.subdomain(top));
    root(next);
    keys.keySet().removeIf(key -> key.origin().subdomain(top) && !key.origin().equals(Name.root));
    faults.keySet().removeIf(key -> key.name().subdomain(top));
    change(next, zones);
  }

  private void root(Map<Name, Zone> next) {
    if (rooted) {
      next.computeIfAbsent(Name.root, r -> Zone.of(".", "").signed());
    }
  }

  private static void put(Zone zone, Map<Name, Zone> into) {
    Name origin = ServedZone.absolute(zone.origin());
    if (into.put(origin, zone) != null) {
      throw new IllegalArgumentException("two zones " + origin);
    }
  }

  /** Makes what is new, and the parents whose children changed. */
  private void change(Map<Name, Zone> next, Map<Name, ServedZone> there) {
    Set<Name> fresh = new HashSet<>(next.keySet());
    fresh.removeAll(there.keySet());
    Set<Name> changed = new HashSet<>(fresh);
    fresh.forEach(origin -> parentOf(origin, next).ifPresent(changed::add));
    for (Name gone : there.keySet()) {
      if (!next.containsKey(gone)) {
        parentOf(gone, next).ifPresent(changed::add);
      }
    }
    Map<Name, ServedZone> served = new HashMap<>(there);
    served.keySet().retainAll(next.keySet());
    for (Name origin : changed) {
      Zone zone = next.get(origin);
      if (zone != null) {
        served.put(origin, new ServedZone(zone, keyOf(origin, zone), clock, servers));
      }
    }
    for (ServedZone child : served.values()) {
      Optional<Name> at = parentOf(child.origin(), next).filter(changed::contains);
      ServedZone parent = at.map(served::get).orElse(null);
      if (parent != null) {
        boolean stranger = child.signing() == ZoneSigning.WRONG_DS;
        parent.delegate(
            child,
            stranger ? new ZoneKey(child.origin(), Zone.Algorithm.ECDSA_P256, false) : child.key());
      }
    }
    texts = Map.copyOf(next);
    zones = Map.copyOf(served);
  }

  private static Optional<Name> parentOf(Name origin, Map<Name, Zone> among) {
    for (Name at = origin; !at.equals(Name.root); ) {
      at = new Name(at, 1);
      if (among.containsKey(at)) {
        return Optional.of(at);
      }
    }
    return Optional.empty();
  }

  private ZoneKey keyOf(Name origin, Zone zone) {
    boolean unknown = zone.signing() == ZoneSigning.UNKNOWN_ALGORITHM;
    return keys.computeIfAbsent(
        new KeyName(origin, zone.algorithm(), unknown),
        k -> new ZoneKey(origin, k.algorithm(), unknown));
  }

  /** See {@link ZoneServer#fault(String, DnsFault)}. */
  void fault(String name, DnsFault fault) {
    faults.put(new FaultKey(ServedZone.absolute(name), ALL_TYPES), fault);
  }

  /** See {@link ZoneServer#fault(String, String, DnsFault)}. */
  void fault(String name, String type, DnsFault fault) {
    int value = Type.value(type);
    if (value < 0) {
      throw new IllegalArgumentException("no type " + type);
    }
    faults.put(new FaultKey(ServedZone.absolute(name), value), fault);
  }

  void clearFaults() {
    faults.clear();
  }

  @Nullable DnsFault faultFor(Name name, int type) {
    if (faults.isEmpty()) {
      return null;
    }
    for (Name at = name; ; at = new Name(at, 1)) {
      DnsFault fault = faults.get(new FaultKey(at, type));
      if (fault == null) {
        fault = faults.get(new FaultKey(at, ALL_TYPES));
      }
      if (fault != null || at.equals(Name.root)) {
        return fault;
      }
    }
  }
}

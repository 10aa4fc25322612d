package org.sealwax.testkit.zone;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.Clock;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Master;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Type;

/** A zone that is served: its names in canonical order, signed as they are needed. */
final class ServedZone {
  private static final long TTL = 3600;
  private static final long NEGATIVE_TTL = 300;
  private static final Duration SIGNED_BEFORE = Duration.ofHours(1);
  private static final Duration VALID_FOR = Duration.ofDays(30);

  /**
   * Time for which a signature is used again: the signatures of an unchanged zone must not expire.
   */
  private static final Duration FRESH = Duration.ofDays(1);

  /** Proofs of one zone kept with their signatures. */
  private static final int MAX_KEPT_PROOFS = 500;

  private static final Duration OFF_BY = Duration.ofDays(10);

  /** RFC 9276 3.2 lets validators stop at far fewer; known ones stop at 50 to 150. */
  private static final int MANY_ITERATIONS = 500;

  private static final Name WILDCARD = Name.fromConstantString("*");

  private record SetKey(Name name, int type) {}

  private record SignedRrset(RRset set, Instant at) {}

  private final Name origin;
  private final ZoneSigning signing;
  private final ZoneKey key;
  private final Clock clock;
  private final List<Name> servers;

  /** RFC 4034 6.1: {@link Name} compares canonically, so the map is the NSEC chain. */
  private final TreeMap<Name, Map<Integer, RRset>> names = new TreeMap<>();

  private @Nullable DenialChain denial;

  private final Map<SetKey, SignedRrset> signed = new ConcurrentHashMap<>();

  /**
   * There are as many white lies as there are questions: the last ones are kept, among them the two
   * that all denials below one name have in common.
   */
  private final Map<SetKey, SignedRrset> keptProofs =
      Collections.synchronizedMap(BoundedMap.byUse(MAX_KEPT_PROOFS));

  /**
   * @param servers the name servers where the text has none
   */
  ServedZone(Zone zone, ZoneKey key, Clock clock, List<Name> servers) {
    this.origin = absolute(zone.origin());
    this.signing = zone.signing();
    this.key = key;
    this.clock = clock;
    this.servers = servers;
    try (Master master =
        new Master(
            new ByteArrayInputStream(zone.text().getBytes(StandardCharsets.UTF_8)), origin, TTL)) {
      master.disableIncludes();
      for (Record r = master.nextRecord(); r != null; r = master.nextRecord()) {
        add(r);
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("zone " + zone.origin() + ": " + e.getMessage(), e);
    }
    Name server = servers.getFirst();
    if (find(origin, Type.SOA) == null) {
      add(
          new SOARecord(
              origin, DClass.IN, NEGATIVE_TTL, server, server, 1, 3600, 600, 86_400, NEGATIVE_TTL));
    }
    if (find(origin, Type.NS) == null) {
      servers.forEach(ns -> add(new NSRecord(origin, DClass.IN, TTL, ns)));
    }
    if (signing.signs()) {
      add(key.record());
    }
  }

  static Name absolute(String text) {
    try {
      return Name.fromString(text, Name.root);
    } catch (IOException e) {
      throw new IllegalArgumentException("not a name: " + text, e);
    }
  }

  Name origin() {
    return origin;
  }

  ZoneKey key() {
    return key;
  }

  ZoneSigning signing() {
    return signing;
  }

  void add(Record record) {
    if (!record.getName().subdomain(origin)) {
      throw new IllegalArgumentException(record.getName() + " is not in " + origin);
    }
    names
        .computeIfAbsent(record.getName(), n -> new TreeMap<>())
        .computeIfAbsent(record.getType(), t -> new RRset())
        .addRR(record);
  }

  void delegate(ServedZone child, ZoneKey shown) {
    if (find(child.origin, Type.NS) == null) {
      servers.forEach(ns -> add(new NSRecord(child.origin, DClass.IN, TTL, ns)));
    }
    if (child.signing.hasDs()) {
      add(shown.ds());
    }
  }

  /** The set as it was written, without signatures. */
  @Nullable RRset find(Name name, int type) {
    Map<Integer, RRset> sets = names.get(name);
    return sets == null ? null : sets.get(type);
  }

  /** Some set of a name: what RFC 8482 4.1 lets us answer to ANY. */
  @Nullable RRset first(Name name) {
    Map<Integer, RRset> sets = names.get(name);
    return sets == null ? null : sets.values().iterator().next();
  }

  /** The types of records at a name; empty when it is there only because of others below it. */
  Set<Integer> types(Name name) {
    return names.getOrDefault(name, Map.of()).keySet();
  }

  boolean has(Name name) {
    return names.containsKey(name);
  }

  /** Whether the name exists, even if only because there are names below it (RFC 4592 2.2.2). */
  boolean exists(Name name) {
    Name at = names.ceilingKey(name);
    return at != null && at.subdomain(name);
  }

  /** The deepest ancestor of {@code name} that exists (RFC 4592 3.3.1). */
  Name closestEncloser(Name name) {
    Name at = name;
    while (!exists(at)) {
      at = new Name(at, 1);
    }
    return at;
  }

  /** The set with its signature, when this zone signs. */
  RRset signed(RRset set) {
    return signed(set, signed);
  }

  private RRset signed(RRset set, Map<SetKey, SignedRrset> kept) {
    if (!signing.signs() || isBelowCut(set)) {
      return set;
    }
    SetKey key = new SetKey(set.getName(), set.getType());
    Instant now = clock.now();
    SignedRrset there = kept.get(key);
    if (there == null || !now.isBefore(there.at().plus(FRESH))) {
      RRset with = new RRset(set);
      with.addRR(sign(set));
      there = new SignedRrset(with, now);
      kept.put(key, there);
    }
    return there.set();
  }

  /** The NS set of a delegation belongs to the child and is not signed here (RFC 4035 2.2). */
  private boolean isBelowCut(RRset set) {
    return set.getType() == Type.NS && !set.getName().equals(origin);
  }

  private RRSIGRecord sign(RRset set) {
    Instant now = clock.now();
    boolean keys = set.getType() == Type.DNSKEY;
    return switch (signing) {
      case EXPIRED -> expired(set, now);
      case NOT_YET_VALID -> key.sign(set, now.plus(OFF_BY), now.plus(OFF_BY).plus(VALID_FOR));
      case WRONG -> keys ? good(set, now) : flipped(good(set, now));
      case NONE,
          VALID,
          NSEC3,
          NSEC3_OPT_OUT,
          NSEC3_ITERATED,
          WHITE_LIES,
          UNKNOWN_ALGORITHM,
          WITHOUT_DS,
          STRIPPED,
          WRONG_DS ->
          good(set, now);
    };
  }

  private RRSIGRecord good(RRset set, Instant now) {
    return key.sign(set, now.minus(SIGNED_BEFORE), now.plus(VALID_FOR));
  }

  private RRSIGRecord expired(RRset set, Instant now) {
    return key.sign(set, now.minus(VALID_FOR).minus(OFF_BY), now.minus(OFF_BY));
  }

  /** The set with signatures that ended ten days ago, whatever the zone's signing is. */
  RRset withExpiredSignature(RRset set) {
    RRset with = new RRset();
    set.rrs(false).forEach(with::addRR);
    if (signing.signs()) {
      with.addRR(expired(with, clock.now()));
    }
    return with;
  }

  /** The set with one bit of its signatures flipped. */
  static RRset withFlippedSignatures(RRset set) {
    RRset with = new RRset();
    set.rrs(false).forEach(with::addRR);
    set.sigs().forEach(s -> with.addRR(flipped(s)));
    return with;
  }

  private static RRSIGRecord flipped(RRSIGRecord good) {
    byte[] signature = good.getSignature().clone();
    signature[signature.length / 2] ^= 1;
    return new RRSIGRecord(
        good.getName(),
        good.getDClass(),
        good.getTTL(),
        good.getTypeCovered(),
        good.getAlgorithm(),
        good.getOrigTTL(),
        good.getExpire(),
        good.getTimeSigned(),
        good.getFootprint(),
        good.getSigner(),
        signature);
  }

  /** The signed SOA with the negative time to live (RFC 2308 3). */
  RRset negativeSoa() {
    RRset soa = find(origin, Type.SOA);
    if (soa == null) {
      throw new IllegalStateException("a zone without SOA");
    }
    return signed(soa);
  }

  /** The proof of what is not there, signed. */
  List<RRset> signedProof(List<RRset> proof) {
    return proof.stream()
        .map(set -> signed(set, signing == ZoneSigning.WHITE_LIES ? keptProofs : signed))
        .toList();
  }

  /** Made when first asked: by then the server has added the delegations. */
  synchronized DenialChain denial() {
    DenialChain made = denial;
    if (made == null) {
      if (signing == ZoneSigning.WHITE_LIES) {
        WhiteLies lies = new WhiteLies(this, NEGATIVE_TTL);
        add(lies.parameters());
        made = lies;
      } else if (signing.hasNsec3()) {
        boolean optOut = signing == ZoneSigning.NSEC3_OPT_OUT;
        int iterations = signing == ZoneSigning.NSEC3_ITERATED ? MANY_ITERATIONS : 0;
        Nsec3Chain chain = new Nsec3Chain(origin, names, NEGATIVE_TTL, optOut, iterations);
        add(chain.parameters());
        made = chain;
      } else {
        made = new NsecChain(names, NEGATIVE_TTL);
      }
      denial = made;
    }
    return made;
  }

  /** {@code *} below a name; our zones have no names so long that it would not fit. */
  static Name wildcardOf(Name encloser) {
    try {
      return Name.concatenate(WILDCARD, encloser);
    } catch (NameTooLongException e) {
      throw new IllegalStateException("too long for a wildcard: " + encloser, e);
    }
  }
}

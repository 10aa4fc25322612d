package org.sealwax.testkit.zone;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/** Works out one answer over all zones, as a recursive resolver would return it. */
final class RecursiveAnswer {
  /** A resolver gives up on longer chains; so the answer ends with the last CNAME. */
  private static final int MAX_LINKS = 16;

  private final Map<Name, ServedZone> zones;
  private final boolean dnssec;
  private final Set<RRset> answer = new LinkedHashSet<>();
  private final Set<RRset> authority = new LinkedHashSet<>();
  private int rcode = Rcode.NOERROR;
  private boolean secure = true;
  private boolean bogus;
  private boolean denial;

  private RecursiveAnswer(Map<Name, ServedZone> zones, boolean dnssec) {
    this.zones = zones;
    this.dnssec = dnssec;
  }

  /**
   * The reply.
   *
   * @param dnssec whether signatures and proofs are wanted: they cost
   */
  static RecursiveAnswer to(Name name, int type, boolean dnssec, Map<Name, ServedZone> zones) {
    RecursiveAnswer reply = new RecursiveAnswer(zones, dnssec);
    reply.follow(name, type);
    return reply;
  }

  Set<RRset> answer() {
    return answer;
  }

  Set<RRset> authority() {
    return authority;
  }

  int rcode() {
    return rcode;
  }

  /** Whether every zone that took part is signed well, up to the root. */
  boolean secure() {
    return secure;
  }

  /** Whether a zone took part that is signed badly below a chain that is good. */
  boolean bogus() {
    return bogus;
  }

  boolean denial() {
    return denial;
  }

  private void follow(Name asked, int type) {
    Name name = asked;
    Set<Name> seen = new HashSet<>();
    for (int links = 0; links < MAX_LINKS && seen.add(name); links++) {
      Name next = step(name, type);
      if (next == null) {
        return;
      }
      name = next;
    }
  }

  /** Adds what is known of one name; returns the name to continue with, or null at the end. */
  private @Nullable Name step(Name name, int type) {
    ServedZone zone = zoneOf(name, type);
    if (zone == null) {
      // Not in our zones: the end of an alias chain, or a question that we refuse.
      secure = false;
      rcode = answer.isEmpty() ? Rcode.REFUSED : Rcode.NOERROR;
      return null;
    }
    secure &= isSecure(zone);
    bogus |= isBogus(zone);
    Name dname = dnameAbove(zone, name);
    if (dname != null) {
      return viaDname(zone, dname, name);
    }
    if (zone.exists(name)) {
      return atNode(zone, name, name, type);
    }
    Name encloser = zone.closestEncloser(name);
    Name wildcard = ServedZone.wildcardOf(encloser);
    if (zone.has(wildcard)) {
      return atNode(zone, wildcard, name, type);
    }
    rcode = Rcode.NXDOMAIN;
    deny(zone, denial -> denial.noName(name, encloser));
    return null;
  }

  /**
   * @param node where the records are: {@code name} itself or a wildcard
   */
  private @Nullable Name atNode(ServedZone zone, Name node, Name name, int type) {
    // RFC 8482 §4.1: one set of those that are there is an answer to ANY; to RRSIG too.
    boolean any = type == Type.ANY || type == Type.RRSIG;
    RRset alias = type == Type.CNAME || any ? null : zone.find(node, Type.CNAME);
    RRset own = any ? zone.first(node) : zone.find(node, type);
    RRset set = alias == null ? own : alias;
    boolean expanded = !node.equals(name);
    Name encloser = expanded ? new Name(node, 1) : name;
    if (set == null) {
      deny(zone, denial -> expanded ? denial.expandedNoData(name, encloser) : denial.noData(name));
      return null;
    }
    RRset found = dnssec ? zone.signed(set) : set;
    answer.add(expanded ? renamed(found, name) : found);
    if (expanded && dnssec && zone.signing().signs()) {
      // RFC 4035 §3.1.3.3: proof that nothing closer to the name exists.
      authority.addAll(zone.signedProof(zone.denial().expanded(name, encloser)));
    }
    return alias == null ? null : ((CNAMERecord) alias.first()).getTarget();
  }

  private @Nullable Name viaDname(ServedZone zone, Name at, Name name) {
    RRset set = zone.find(at, Type.DNAME);
    if (set == null) {
      throw new IllegalStateException("no DNAME at " + at);
    }
    answer.add(dnssec ? zone.signed(set) : set);
    try {
      DNAMERecord dname = (DNAMERecord) set.first();
      Name target = name.fromDNAME(dname);
      answer.add(new RRset(new CNAMERecord(name, DClass.IN, dname.getTTL(), target)));
      return target;
    } catch (NameTooLongException e) {
      rcode = Rcode.YXDOMAIN;
      return null;
    }
  }

  private void deny(ServedZone zone, Function<DenialChain, List<RRset>> proof) {
    denial = true;
    authority.add(zone.negativeSoa());
    if (dnssec && zone.signing().signs()) {
      authority.addAll(zone.signedProof(proof.apply(zone.denial())));
    }
  }

  /**
   * The zone that answers; the parent's for DS, unless the parent is not here (RFC 4035 3.1.4.1).
   */
  private @Nullable ServedZone zoneOf(Name name, int type) {
    ServedZone above =
        type == Type.DS && name.labels() > 1 ? enclosing(new Name(name, 1)) : enclosing(name);
    return above == null ? zones.get(name) : above;
  }

  private @Nullable ServedZone enclosing(Name name) {
    for (Name at = name; ; at = new Name(at, 1)) {
      ServedZone zone = zones.get(at);
      if (zone != null || at.equals(Name.root)) {
        return zone;
      }
    }
  }

  private @Nullable ServedZone above(ServedZone zone) {
    return zone.origin().equals(Name.root) ? null : enclosing(new Name(zone.origin(), 1));
  }

  /** Whether each zone up to a signed root is good; without a trusted root it is not secure. */
  private boolean isSecure(ServedZone start) {
    for (ServedZone zone = start; zone != null && zone.signing().isGood(); zone = above(zone)) {
      if (zone.origin().equals(Name.root)) {
        return true;
      }
    }
    return false;
  }

  private boolean isBogus(ServedZone start) {
    for (ServedZone zone = start; zone != null; zone = above(zone)) {
      if (zone.signing().isBogus()) {
        ServedZone above = above(zone);
        return above == null ? zone.origin().equals(Name.root) : isSecure(above);
      }
    }
    return false;
  }

  private static @Nullable Name dnameAbove(ServedZone zone, Name name) {
    Name at = name;
    while (!at.equals(zone.origin())) {
      at = new Name(at, 1);
      if (zone.find(at, Type.DNAME) != null) {
        return at;
      }
    }
    return null;
  }

  private static RRset renamed(RRset set, Name name) {
    RRset renamed = new RRset();
    for (Record r : set.rrs(false)) {
      renamed.addRR(r.withName(name));
    }
    for (RRSIGRecord s : set.sigs()) {
      renamed.addRR((RRSIGRecord) s.withName(name));
    }
    return renamed;
  }
}

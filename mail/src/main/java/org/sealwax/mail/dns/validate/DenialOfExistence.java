package org.sealwax.mail.dns.validate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/**
 * Denial proofs of one chain of NSEC or NSEC3 records of a zone (RFC 4035 5.4, RFC 5155 section 8,
 * RFC 6840 section 4). Both kinds are links from one name to the next; those of NSEC3 are between
 * hashed names, and show an encloser in another way.
 */
abstract sealed class DenialOfExistence permits NsecDenial, Nsec3Denial {
  /** The outcome of a proof. The order is that of preference. */
  enum DenialResult {
    /** Proven. */
    PROVEN,
    /** Proven but for unsigned delegations: NSEC3 opt-out. */
    INSECURE,
    /**
     * Not computed: too many NSEC3 iterations. It counts as insecure (RFC 9276 3.2), but only in
     * the zone that the walk ends in: it shows nothing about signed delegations below.
     */
    COSTLY,
    /** Not proven. */
    NONE
  }

  /** The types of a name. */
  @FunctionalInterface
  interface Bitmap {
    boolean has(int type);
  }

  /**
   * One verified record.
   *
   * @param owner as it stands in the order of the chain
   * @param next the next owner of the chain
   * @param types of the owner
   * @param optOut there may be unsigned delegations between the two
   */
  record Link(Name owner, Name next, Bitmap types, boolean optOut) {
    /** Canonical order (RFC 4034 6.1); the last link leads back to the first. */
    private boolean covers(Name name) {
      boolean after = owner.compareTo(name) < 0;
      boolean before = name.compareTo(next) < 0;
      boolean isLast = owner.compareTo(next) >= 0;
      boolean inside = isLast ? (after || before) && !owner.equals(name) : after && before;
      return inside && !(name.subdomain(owner) && hidesNamesBelow(types));
    }
  }

  private final List<Link> links = new ArrayList<>();
  private Duration ttl = Duration.ofDays(1);

  /** Adds a record of the chain. */
  final void add(Link link, Duration until) {
    links.add(link);
    ttl = until.compareTo(ttl) < 0 ? until : ttl;
  }

  /** The name as it stands in the order of the chain. */
  abstract Name key(Name name);

  /** The longest ancestor that is shown to exist, or an empty non-terminal itself; or null. */
  abstract @Nullable Name encloser(Name name);

  /** Of NSEC3 hashes; 0 for NSEC. */
  abstract int iterations();

  /** Of the records of the chain. */
  final Duration ttl() {
    return ttl;
  }

  /** All chains of a message: a zone that changes from NSEC to NSEC3 has both. */
  static List<DenialOfExistence> in(ZoneView view) {
    List<DenialOfExistence> all = new ArrayList<>();
    all.add(new NsecDenial(view));
    all.addAll(Nsec3Denial.chains(view));
    return all;
  }

  /** The name does not exist, and no wildcard matches it. */
  final DenialResult noName(Name name) {
    Name encloser = encloser(name);
    if (encloser == null || encloser.equals(name)) {
      return DenialResult.NONE;
    }
    return covering(wildcard(name, encloser)) == null
        ? DenialResult.NONE
        : noCloser(name, encloser);
  }

  /** The name, or the wildcard that matches it, has no records of this type and no CNAME. */
  final DenialResult noData(Name name, int type) {
    Bitmap there = at(name);
    if (there != null) {
      return proof(lacks(there, name, type));
    }
    Name encloser = encloser(name);
    if (encloser == null || encloser.equals(name)) {
      // An empty non-terminal (RFC 4592 2.2.2) is there only because of names below it.
      return proof(encloser != null);
    }
    DenialResult absent = noCloser(name, encloser);
    Bitmap source = at(wildcard(name, encloser));
    if (source == null) {
      // RFC 5155 8.6 and 9.2: an unsigned delegation, or a name that is there because of one.
      return absent == DenialResult.INSECURE ? absent : DenialResult.NONE;
    }
    return lacks(source, name, type) ? absent : DenialResult.NONE;
  }

  /** The name has no DS set. */
  final DenialResult noDs(Name name) {
    Bitmap there = at(name);
    if (there != null) {
      return proof(!there.has(Type.DS) && !there.has(Type.SOA));
    }
    Name encloser = encloser(name);
    if (encloser == null || encloser.equals(name)) {
      return proof(encloser != null);
    }
    return noCloser(name, encloser);
  }

  /** There is a delegation without DS. */
  final DenialResult isUnsigned(Name name) {
    Bitmap there = at(name);
    return proof(there != null && isDelegation(there) && !there.has(Type.DS));
  }

  /** Nothing is between a name and an ancestor, and the name does not exist. */
  final DenialResult noCloser(Name name, Name encloser) {
    return absent(DnsNames.ancestor(name, encloser.labels() + 1));
  }

  /** {@code *} below an ancestor of a name. */
  private static Name wildcard(Name name, Name encloser) {
    return name.wild(name.labels() - encloser.labels());
  }

  /** The types of a name; null when none of the records is about it. */
  final @Nullable Bitmap at(Name name) {
    Name key = key(name);
    for (Link link : links) {
      if (link.owner().equals(key)) {
        return link.types();
      }
    }
    return null;
  }

  /** The name closest to a name before it in the chain; null when none of the records covers it. */
  final @Nullable Link covering(Name name) {
    Name key = key(name);
    for (Link link : links) {
      if (link.covers(key)) {
        return link;
      }
    }
    return null;
  }

  /** Neither the name nor anything below it exists. */
  private DenialResult absent(Name name) {
    Link gap = covering(name);
    if (gap == null || gap.next().subdomain(key(name))) {
      return DenialResult.NONE;
    }
    return gap.optOut() ? DenialResult.INSECURE : DenialResult.PROVEN;
  }

  private static DenialResult proof(boolean holds) {
    return holds ? DenialResult.PROVEN : DenialResult.NONE;
  }

  /**
   * RFC 4035 5.4 and RFC 6840 4.1 and 4.3: whether the bitmap at a name, or at the wildcard that
   * matches it, denies a type. A parent's bitmap at a delegation speaks for DS only, and a child's
   * does not speak for DS.
   */
  private static boolean lacks(Bitmap bitmap, Name name, int type) {
    if (bitmap.has(type) || bitmap.has(Type.CNAME)) {
      return false;
    }
    return type == Type.DS
        ? name.equals(Name.root) || !bitmap.has(Type.SOA)
        : !isDelegation(bitmap);
  }

  /** The parent's side of a zone cut: it shows nothing about names below. */
  private static boolean isDelegation(Bitmap bitmap) {
    return bitmap.has(Type.NS) && !bitmap.has(Type.SOA);
  }

  /** RFC 6840 4.1, RFC 6672 5.3.4.1: names below are not this zone's, or are made by the DNAME. */
  static boolean hidesNamesBelow(Bitmap bitmap) {
    return isDelegation(bitmap) || bitmap.has(Type.DNAME);
  }
}

package org.sealwax.dns.validate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/**
 * What the NSEC or NSEC3 records of one message prove to be absent from one zone (RFC 4035 5.4, RFC
 * 5155 section 8, RFC 6840 section 4).
 */
sealed interface Denial permits Nsec, Nsec3 {
  /** The outcome of a proof. The order is that of preference. */
  enum Proof {
    /** Proven. */
    PROVEN,
    /** Proven but for unsigned delegations: NSEC3 opt-out. */
    INSECURE,
    /**
     * Not looked into: too many NSEC3 iterations. It counts as insecure (RFC 9276 3.2), but only in
     * the zone that the walk ends in: it says nothing about signed delegations below.
     */
    COSTLY,
    /** Not proven. */
    NONE
  }

  /** What is proven about the DS set of a name. The order is that of preference. */
  enum Cut {
    /** An unsigned delegation. */
    UNSIGNED,
    /** No delegation at all. */
    NONE,
    /** The name may be an unsigned delegation: NSEC3 opt-out, or too many iterations. */
    OPT_OUT,
    /** Nothing is proven. */
    UNPROVEN
  }

  /** The name does not exist, and no wildcard matches it. */
  Proof noName(Name name);

  /** The name, or the wildcard that matches it, has no records of this type and no CNAME. */
  Proof noData(Name name, int type);

  /** The name does not exist, and nothing closer to it than the wildcard at this many labels. */
  Proof noCloser(Name name, int wildcardLabels);

  /** The name has no DS set. */
  Cut noDs(Name name);

  /** Of the records that the proofs used. */
  Duration ttl();

  /** NSEC and NSEC3 side by side, as a zone that changes from one to the other has them. */
  static List<Denial> in(ZoneView view, Work work) {
    List<Denial> all = new ArrayList<>();
    all.add(new Nsec(view));
    all.addAll(Nsec3.chains(view, work));
    return all;
  }

  /**
   * RFC 4035 5.4 and RFC 6840 4.1 and 4.3: whether the bitmap at a name, or at the wildcard that
   * matches it, denies a type. A parent's bitmap at a delegation speaks for DS only, and a child's
   * does not speak for DS.
   */
  static boolean lacks(Bitmap bitmap, Name name, int type) {
    if (bitmap.has(type) || bitmap.has(Type.CNAME)) {
      return false;
    }
    return type == Type.DS
        ? name.equals(Name.root) || !bitmap.has(Type.SOA)
        : !isDelegation(bitmap);
  }

  /** The bitmap of a name that was asked for its DS set. */
  static Cut cut(Bitmap bitmap) {
    if (bitmap.has(Type.DS) || bitmap.has(Type.SOA)) {
      return Cut.UNPROVEN;
    }
    return bitmap.has(Type.NS) ? Cut.UNSIGNED : Cut.NONE;
  }

  /** The parent's side of a zone cut: it says nothing about names below. */
  static boolean isDelegation(Bitmap bitmap) {
    return bitmap.has(Type.NS) && !bitmap.has(Type.SOA);
  }

  /** RFC 6840 4.1, RFC 6672 5.3.4.1: names below are not this zone's, or are made by the DNAME. */
  static boolean hidesNamesBelow(Bitmap bitmap) {
    return isDelegation(bitmap) || bitmap.has(Type.DNAME);
  }

  /** The types of a name. */
  @FunctionalInterface
  interface Bitmap {
    boolean has(int type);
  }
}

package org.sealwax.dns.validate;

import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;
import org.xbill.DNS.utils.base32;

/** Denial by the NSEC3 records of one chain, that is with one salt and one number of iterations. */
final class Nsec3 implements Denial {
  /**
   * RFC 9276 3.2 lets a validator treat answers with more iterations as insecure. The value is that
   * of Unbound and of BIND before 9.20.
   */
  static final int MAX_ITERATIONS = 150;

  /**
   * To know whether a name is a delegation we hash up to the most that RFC 5155 10.3 allows at all.
   * Otherwise anybody could make unsigned data of a zone with more than {@link #MAX_ITERATIONS}.
   */
  private static final int MAX_CUT_ITERATIONS = 2_500;

  private static final int HASH_LENGTH = 20;
  private static final base32 LABEL = new base32(base32.Alphabet.BASE32HEX, false, false);

  private record Parameters(int iterations, String salt) {}

  /** The closest encloser proof (RFC 5155 8.3). */
  private record Enclosed(Name encloser, boolean optOut) {}

  private final ZoneView view;
  private final Work work;
  private final int iterations;
  private final byte[] salt;
  private final List<NSEC3Record> records = new ArrayList<>();
  private final Map<Name, byte[]> hashes = new HashMap<>();
  private final MessageDigest sha1 = Digests.of("SHA-1");
  private Duration ttl = Duration.ofDays(1);

  private Nsec3(ZoneView view, Work work, NSEC3Record first) {
    this.view = view;
    this.work = work;
    this.iterations = first.getIterations();
    this.salt = salt(first);
  }

  private static byte[] salt(NSEC3Record record) {
    byte[] salt = record.getSalt();
    return salt == null ? new byte[0] : salt;
  }

  /**
   * The chains in a message; records of unknown hashes or flags are ignored (RFC 5155 8.1, 8.2).
   */
  static List<Nsec3> chains(ZoneView view, Work work) {
    Map<Parameters, Nsec3> chains = new LinkedHashMap<>();
    for (Name owner : view.owners(Type.NSEC3)) {
      if (view.peek(owner, Type.NSEC3) instanceof NSEC3Record r
          && r.getHashAlgorithm() == NSEC3Record.SHA1_DIGEST_ID
          && (r.getFlags() & ~NSEC3Record.Flags.OPT_OUT) == 0
          && owner.labels() == view.zone().labels() + 1
          && r.getNext().length == HASH_LENGTH
          && hashOf(r) != null) {
        Parameters key = new Parameters(r.getIterations(), Arrays.toString(salt(r)));
        chains.computeIfAbsent(key, k -> new Nsec3(view, work, r)).records.add(r);
      }
    }
    return List.copyOf(chains.values());
  }

  private static byte @Nullable [] hashOf(NSEC3Record record) {
    byte[] hash = LABEL.fromString(record.getName().getLabelString(0));
    return hash == null || hash.length != HASH_LENGTH ? null : hash;
  }

  @Override
  public Duration ttl() {
    return ttl;
  }

  @Override
  public Proof noName(Name name) {
    if (isTooCostly()) {
      return tooCostly();
    }
    Enclosed enclosed = enclosed(name);
    if (enclosed == null) {
      return Proof.NONE;
    }
    Name wildcard = Names.wildcard(enclosed.encloser());
    if (wildcard != null && covering(wildcard) == null) {
      return Proof.NONE;
    }
    return enclosed.optOut() ? Proof.INSECURE : Proof.PROVEN;
  }

  @Override
  public Proof noData(Name name, int type) {
    if (isTooCostly()) {
      return tooCostly();
    }
    NSEC3Record there = matching(name);
    if (there != null) {
      return Denial.lacks(there::hasType, name, type) ? Proof.PROVEN : Proof.NONE;
    }
    Enclosed enclosed = enclosed(name);
    if (enclosed == null) {
      return Proof.NONE;
    }
    Name wildcard = Names.wildcard(enclosed.encloser());
    NSEC3Record source = wildcard == null ? null : matching(wildcard);
    if (source != null && !Denial.lacks(source::hasType, name, type)) {
      return Proof.NONE;
    }
    if (enclosed.optOut()) {
      // RFC 5155 8.6 and 9.2: an unsigned delegation, or a name that is there because of one.
      return Proof.INSECURE;
    }
    return source == null ? Proof.NONE : Proof.PROVEN;
  }

  @Override
  public Proof noCloser(Name name, int wildcardLabels) {
    if (isTooCostly()) {
      return tooCostly();
    }
    NSEC3Record gap = covering(Names.ancestor(name, wildcardLabels + 2));
    if (gap == null) {
      return Proof.NONE;
    }
    return isOptOut(gap) ? Proof.INSECURE : Proof.PROVEN;
  }

  @Override
  public Cut noDs(Name name) {
    if (iterations > MAX_CUT_ITERATIONS) {
      return tooCostly() == Proof.COSTLY ? Cut.OPT_OUT : Cut.UNPROVEN;
    }
    NSEC3Record there = matching(name);
    if (there != null) {
      return Denial.cut(there::hasType);
    }
    Enclosed enclosed = enclosed(name);
    if (enclosed == null) {
      return Cut.UNPROVEN;
    }
    return enclosed.optOut() ? Cut.OPT_OUT : Cut.NONE;
  }

  private boolean isTooCostly() {
    return iterations > MAX_ITERATIONS;
  }

  /** RFC 9276 3.2: for every kind of denial, once one record is known to be the zone's. */
  private Proof tooCostly() {
    for (NSEC3Record record : records) {
      if (isVerified(record)) {
        return Proof.COSTLY;
      }
    }
    return Proof.NONE;
  }

  private static boolean isOptOut(NSEC3Record record) {
    return (record.getFlags() & NSEC3Record.Flags.OPT_OUT) != 0;
  }

  private @Nullable Enclosed enclosed(Name name) {
    for (Name at = name; !at.equals(view.zone()); ) {
      Name closer = at;
      at = Names.parent(at);
      NSEC3Record there = matching(at);
      if (there != null) {
        NSEC3Record gap = Denial.hidesNamesBelow(there::hasType) ? null : covering(closer);
        return gap == null ? null : new Enclosed(at, isOptOut(gap));
      }
    }
    return null;
  }

  private @Nullable NSEC3Record matching(Name name) {
    byte[] hash = hash(name);
    for (NSEC3Record record : records) {
      if (Arrays.equals(hash, hashOf(record)) && isVerified(record)) {
        return record;
      }
    }
    return null;
  }

  private @Nullable NSEC3Record covering(Name name) {
    byte[] hash = hash(name);
    for (NSEC3Record record : records) {
      byte[] owner = hashOf(record);
      boolean after = Arrays.compareUnsigned(owner, hash) < 0;
      boolean before = Arrays.compareUnsigned(hash, record.getNext()) < 0;
      boolean isLast = Arrays.compareUnsigned(owner, record.getNext()) >= 0;
      boolean inside = isLast ? (after || before) && !Arrays.equals(owner, hash) : after && before;
      if (inside && isVerified(record)) {
        return record;
      }
    }
    return null;
  }

  private boolean isVerified(NSEC3Record record) {
    ZoneView.Verified found = view.find(record.getName(), Type.NSEC3);
    if (found == null || found.isExpanded()) {
      return false;
    }
    ttl = found.ttl().compareTo(ttl) < 0 ? found.ttl() : ttl;
    return true;
  }

  /** RFC 5155 section 5. */
  private byte[] hash(Name name) {
    byte[] known = hashes.get(name);
    if (known != null) {
      return known;
    }
    work.hash(iterations);
    byte[] hash = name.toWireCanonical();
    for (int i = 0; i <= iterations; i++) {
      sha1.update(hash);
      hash = sha1.digest(salt);
    }
    hashes.put(name, hash);
    return hash;
  }
}

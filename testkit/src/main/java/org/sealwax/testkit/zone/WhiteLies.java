package org.sealwax.testkit.zone;

import java.io.IOException;
import java.math.BigInteger;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.xbill.DNS.DClass;
import org.xbill.DNS.NSEC3PARAMRecord;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Type;
import org.xbill.DNS.utils.base32;

/**
 * Denial by NSEC3 records that are made for the question: each matches one name, or covers one hash
 * and nothing next to it. The chain of a zone whose names are secrets would give them away, by
 * walking (NSEC) or by guessing at its hashes (NSEC3). RFC 5155 7.2 specifies which records prove
 * what; that they need not be those of a chain, but must only be true of the name in question, is
 * the method of RFC 4470 for NSEC.
 */
final class WhiteLies implements DenialChain {
  private static final base32 HASHES = new base32(base32.Alphabet.BASE32HEX, false, true);
  private static final byte[] NO_SALT = new byte[0];

  /** Bytes of a SHA-1 hash. */
  private static final int HASH = 20;

  private static final BigInteger CIRCLE = BigInteger.ONE.shiftLeft(8 * HASH);

  private final ServedZone zone;
  private final long ttl;
  private final NSEC3PARAMRecord parameters;

  WhiteLies(ServedZone zone, long ttl) {
    this.zone = zone;
    this.ttl = ttl;
    this.parameters =
        new NSEC3PARAMRecord(
            zone.origin(), DClass.IN, 0, NSEC3Record.SHA1_DIGEST_ID, 0, 0, NO_SALT);
  }

  NSEC3PARAMRecord parameters() {
    return parameters;
  }

  @Override
  public List<RRset> noData(Name name) {
    return List.of(matching(name));
  }

  @Override
  public List<RRset> noName(Name name, Name encloser) {
    List<RRset> proof = new ArrayList<>(enclosed(name, encloser));
    proof.add(covering(ServedZone.wildcardOf(encloser)));
    return proof;
  }

  @Override
  public List<RRset> expanded(Name name, Name encloser) {
    return List.of(covering(nextCloser(name, encloser)));
  }

  @Override
  public List<RRset> expandedNoData(Name name, Name encloser) {
    List<RRset> proof = new ArrayList<>(enclosed(name, encloser));
    proof.add(matching(ServedZone.wildcardOf(encloser)));
    return proof;
  }

  /** The closest encloser proof (RFC 5155 7.2.1). */
  private List<RRset> enclosed(Name name, Name encloser) {
    return List.of(matching(encloser), covering(nextCloser(name, encloser)));
  }

  private static Name nextCloser(Name name, Name encloser) {
    return new Name(name, name.labels() - encloser.labels() - 1);
  }

  private RRset matching(Name name) {
    Set<Integer> types = new TreeSet<>(zone.types(name));
    boolean cut = types.contains(Type.NS) && !name.equals(zone.origin());
    if (!types.isEmpty() && (!cut || types.contains(Type.DS))) {
      types.add(Type.RRSIG);
    }
    BigInteger hash = hash(name);
    return record(hash, hash.add(BigInteger.ONE), types);
  }

  private RRset covering(Name name) {
    BigInteger hash = hash(name);
    return record(hash.subtract(BigInteger.ONE), hash.add(BigInteger.ONE), Set.of());
  }

  private BigInteger hash(Name name) {
    try {
      return new BigInteger(1, parameters.hashName(name));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }

  private static byte[] bytes(BigInteger hash) {
    byte[] raw = hash.mod(CIRCLE).toByteArray();
    byte[] out = new byte[HASH];
    int count = Math.min(raw.length, HASH);
    System.arraycopy(raw, raw.length - count, out, HASH - count, count);
    return out;
  }

  private RRset record(BigInteger hash, BigInteger next, Set<Integer> types) {
    try {
      return new RRset(
          new NSEC3Record(
              Name.fromString(HASHES.toString(bytes(hash)), zone.origin()),
              DClass.IN,
              ttl,
              NSEC3Record.SHA1_DIGEST_ID,
              0,
              0,
              NO_SALT,
              bytes(next),
              types.stream().mapToInt(Integer::intValue).toArray()));
    } catch (IOException e) {
      throw new IllegalStateException("a hash is a label", e);
    }
  }
}

package org.sealwax.testkit.zone;

import java.io.IOException;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.xbill.DNS.DClass;
import org.xbill.DNS.NSEC3PARAMRecord;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Type;
import org.xbill.DNS.utils.base32;

/** Denial by NSEC3, without salt and, unless a test wants them, extra iterations (RFC 9276). */
final class Nsec3Chain implements DenialChain {
  private static final base32 HASHES = new base32(base32.Alphabet.BASE32HEX, false, true);
  private static final byte[] NO_SALT = new byte[0];

  private final Name origin;
  private final long ttl;
  private final boolean optOut;
  private final NSEC3PARAMRecord parameters;

  /** By hash in base 32 hex, whose order is that of the hashes. */
  private final TreeMap<String, Set<Integer>> chain = new TreeMap<>();

  /**
   * @param names the zone's names with their sets
   * @param optOut whether delegations without DS are left out (RFC 5155 section 6)
   * @param iterations of the hash beyond the first
   */
  Nsec3Chain(
      Name origin, Map<Name, Map<Integer, RRset>> names, long ttl, boolean optOut, int iterations) {
    this.origin = origin;
    this.ttl = ttl;
    this.optOut = optOut;
    this.parameters =
        new NSEC3PARAMRecord(
            origin, DClass.IN, 0, NSEC3Record.SHA1_DIGEST_ID, 0, iterations, NO_SALT);
    names.forEach(
        (name, sets) -> {
          boolean delegation = !name.equals(origin) && sets.containsKey(Type.NS);
          boolean signed = !delegation || sets.containsKey(Type.DS);
          if (signed || !optOut) {
            Set<Integer> types = types(name);
            types.addAll(sets.keySet());
            if (signed) {
              types.add(Type.RRSIG);
            }
            for (Name above = name; !above.equals(origin); above = new Name(above, 1)) {
              types(above);
            }
          }
        });
    types(origin).add(Type.NSEC3PARAM);
  }

  private Set<Integer> types(Name name) {
    return chain.computeIfAbsent(hash(name), h -> new TreeSet<>());
  }

  private String hash(Name name) {
    try {
      return HASHES.toString(parameters.hashName(name));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }

  NSEC3PARAMRecord parameters() {
    return parameters;
  }

  @Override
  public List<RRset> noData(Name name) {
    // A delegation that opted out is not in the chain: its nearest ancestor and the gap instead.
    return chain.containsKey(hash(name))
        ? List.of(record(hash(name)))
        : new ArrayList<>(enclosed(name));
  }

  @Override
  public List<RRset> noName(Name name, Name encloser) {
    Set<RRset> proof = enclosed(name);
    proof.add(covering(ServedZone.wildcardOf(provable(name))));
    return new ArrayList<>(proof);
  }

  @Override
  public List<RRset> expanded(Name name, Name encloser) {
    return List.of(covering(nextCloser(name, encloser)));
  }

  @Override
  public List<RRset> expandedNoData(Name name, Name encloser) {
    Set<RRset> proof = enclosed(name);
    proof.add(record(hash(ServedZone.wildcardOf(encloser))));
    return new ArrayList<>(proof);
  }

  /** The closest encloser proof (RFC 5155 7.2.1). */
  private Set<RRset> enclosed(Name name) {
    Name encloser = provable(name);
    Set<RRset> proof = new LinkedHashSet<>();
    proof.add(record(hash(encloser)));
    proof.add(covering(nextCloser(name, encloser)));
    return proof;
  }

  private Name provable(Name name) {
    Name at = new Name(name, 1);
    while (!chain.containsKey(hash(at))) {
      at = new Name(at, 1);
    }
    return at;
  }

  private static Name nextCloser(Name name, Name encloser) {
    return new Name(name, name.labels() - encloser.labels() - 1);
  }

  private RRset covering(Name name) {
    String before = chain.floorKey(hash(name));
    return record(before == null ? chain.lastKey() : before);
  }

  private RRset record(String hash) {
    String next = chain.higherKey(hash);
    Set<Integer> types = chain.getOrDefault(hash, Set.of());
    try {
      return new RRset(
          new NSEC3Record(
              Name.fromString(hash, origin),
              DClass.IN,
              ttl,
              NSEC3Record.SHA1_DIGEST_ID,
              optOut ? NSEC3Record.Flags.OPT_OUT : 0,
              parameters.getIterations(),
              NO_SALT,
              HASHES.fromString(next == null ? chain.firstKey() : next),
              types.stream().mapToInt(Integer::intValue).toArray()));
    } catch (IOException e) {
      throw new IllegalStateException("a hash is a label", e);
    }
  }
}

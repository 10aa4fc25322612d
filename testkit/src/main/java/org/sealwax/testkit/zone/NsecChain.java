package org.sealwax.testkit.zone;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xbill.DNS.DClass;
import org.xbill.DNS.NSECRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Type;

/**
 * Denial by NSEC (RFC 4034 section 4).
 *
 * @param names in canonical order, with their sets; the first is the origin
 */
record NsecChain(TreeMap<Name, Map<Integer, RRset>> names, long ttl) implements DenialChain {
  @Override
  public List<RRset> noData(Name name) {
    return List.of(at(name));
  }

  @Override
  public List<RRset> noName(Name name, Name encloser) {
    return List.of(at(name), at(ServedZone.wildcardOf(encloser)));
  }

  @Override
  public List<RRset> expanded(Name name, Name encloser) {
    return List.of(at(name));
  }

  @Override
  public List<RRset> expandedNoData(Name name, Name encloser) {
    return noName(name, encloser);
  }

  /** The NSEC at {@code name}, or the one whose gap covers it. */
  private RRset at(Name name) {
    Name owner = names.floorKey(name);
    if (owner == null) {
      throw new IllegalStateException(name + " is before the zone");
    }
    Name next = names.higherKey(owner);
    List<Integer> types = new ArrayList<>(names.getOrDefault(owner, Map.of()).keySet());
    types.add(Type.RRSIG);
    types.add(Type.NSEC);
    return new RRset(
        new NSECRecord(
            owner,
            DClass.IN,
            ttl,
            next == null ? names.firstKey() : next,
            types.stream().mapToInt(Integer::intValue).sorted().toArray()));
  }
}

package org.sealwax.testkit.zone;

import java.util.List;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRset;

/** Denial proofs of a signed zone. The sets are unsigned; the zone signs them. */
sealed interface DenialChain permits NsecChain, Nsec3Chain, WhiteLies {
  /** {@code name} exists and has no records of the type (RFC 4035 3.1.3.1, RFC 5155 7.2.3). */
  List<RRset> noData(Name name);

  /**
   * Nothing at {@code name}, and no wildcard (RFC 4035 3.1.3.2, RFC 5155 7.2.2).
   *
   * @param encloser the deepest ancestor that exists
   */
  List<RRset> noName(Name name, Name encloser);

  /** Nothing at {@code name}, so the wildcard below {@code encloser} answers (7.2.6). */
  List<RRset> expanded(Name name, Name encloser);

  /** The same, and the wildcard has no records of the type (7.2.5). */
  List<RRset> expandedNoData(Name name, Name encloser);
}

package org.sealwax.mail.tls.verdict;

import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.Domain;

/**
 * A set of associations, any one of which identifies the peer, with the names that usage 2 needs.
 *
 * @param records usable associations; empty: there are none
 * @param names reference identifiers for usage 2 (RFC 7672 3.2.2): TLSA base domain, next hop and
 *     their expanded forms; usage 3 checks no name and no date (RFC 7672 3.1.1)
 */
public record TlsaAssociations(Set<TlsaAssociation> records, List<Domain> names) {
  /** No DANE. */
  public static final TlsaAssociations NONE = new TlsaAssociations(Set.of(), List.of());

  /** Copies. */
  public TlsaAssociations {
    records = Set.copyOf(records);
    names = List.copyOf(names);
  }
}

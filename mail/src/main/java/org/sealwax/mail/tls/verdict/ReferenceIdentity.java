package org.sealwax.mail.tls.verdict;

import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.Domain;

/**
 * Identities that a peer is checked against.
 *
 * @param names reference identifiers, DNS-ID only (RFC 6125 6.4; RFC 9525): any one match makes the
 *     verdict {@code verified(name …)} when the chain is trusted
 * @param pins key pins: a match makes it {@code verified(pin …)} whatever the chain
 * @param roots which roots count
 * @param associations TLSA associations: a match makes it {@code verified(tlsa …)}
 */
public record ReferenceIdentity(
    List<Domain> names, Set<Pin> pins, TrustRoots roots, TlsaAssociations associations) {
  /** Copies. */
  public ReferenceIdentity {
    names = List.copyOf(names);
    pins = Set.copyOf(pins);
  }

  /**
   * References without DANE.
   *
   * @param names reference identifiers, DNS-ID only
   * @param pins the keys, any one is enough
   * @param roots the certificate authorities that count
   */
  public ReferenceIdentity(List<Domain> names, Set<Pin> pins, TrustRoots roots) {
    this(names, pins, roots, TlsaAssociations.NONE);
  }
}

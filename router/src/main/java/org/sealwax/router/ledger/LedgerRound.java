package org.sealwax.router.ledger;

import org.sealwax.mail.address.Domain;

/**
 * One round at one domain, reported to the ledger as it happens. Begin it when the MX answer is
 * there and <em>before</em> evidence is gathered; report every connection, also those that failed,
 * that broke, or that were only made to look. Cheap: nothing waits for a disk but the first look at
 * a domain. One thread owns it.
 */
public interface LedgerRound {
  /** A round of a ledger that remembers nothing. */
  LedgerRound NONE = new LedgerRound() {};

  /** Which families a host has addresses in, as soon as that is known. */
  default void addresses(Domain host, boolean ipv4, boolean ipv6) {}

  /**
   * A connection was made, or could not be made.
   *
   * <p>A host that the ledger does not know is refused by {@code LEDGER_MX} (or, where an MTA-STS
   * policy ran out, {@code STS_MX} on a requirement that is {@code remembered}) before a connection
   * is made. Connect nevertheless, once in a round and in each address family, send EHLO, report
   * what was seen, and quit without mail: a changed MX set ends as a violation only when its hosts
   * have been probed.
   */
  default void observed(HostSample sample) {}

  /** Whether the domain shows less than it did: then the DNS is asked afresh next time. */
  default boolean needsFreshDns() {
    return false;
  }
}

package org.sealwax.router.ledger;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import org.sealwax.mail.address.Domain;

/**
 * The MX answer at the beginning of one round.
 *
 * @param hosts all MX hosts of the domain (not only those that will be tried), at most {@link
 *     #MAX_HOSTS}; the domain itself when the MX is implicit
 * @param secure whether DNSSEC vouches for the answer
 * @param until when the answer's time to live ends: two rounds with the same end used one
 *     resolution
 */
public record RoundMx(Set<Domain> hosts, boolean secure, Instant until) {
  /** As many as {@code mail.dns.MxSet} takes from one answer. */
  public static final int MAX_HOSTS = 32;

  /**
   * Copies and checks; whole seconds, as times are stored.
   *
   * @throws IllegalArgumentException when there is no host, or too many
   */
  public RoundMx {
    hosts = Set.copyOf(hosts);
    until = until.truncatedTo(ChronoUnit.SECONDS);
    if (hosts.isEmpty() || hosts.size() > MAX_HOSTS) {
      throw new IllegalArgumentException(hosts.size() + " hosts");
    }
  }
}

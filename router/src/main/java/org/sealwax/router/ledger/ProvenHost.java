package org.sealwax.router.ledger;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.Pin;

/**
 * An MX host of a domain that was verified, and the keys it showed then. What counts is not that a
 * certificate fitted the host's name, for a forged MX record leads to a host whose certificate fits
 * its own: the host itself must be vouched for.
 *
 * @param host an MX host by the last answer
 * @param keys of certificates in sessions that verified it
 * @param last of those sessions
 */
public record ProvenHost(Domain host, Set<Pin> keys, Instant last) {
  /** Copies. */
  public ProvenHost {
    keys = Set.copyOf(keys);
  }

  /**
   * Reads a row.
   *
   * @param row settled: levels that fell away are gone
   * @param vouched whether an MTA-STS policy in {@code enforce} lists a host
   * @param since sessions before this do not count: a key that was replaced long ago may be lost
   */
  static List<ProvenHost> of(DomainRecord row, Predicate<Domain> vouched, Instant since) {
    List<ProvenHost> out = new ArrayList<>();
    if (row.violation() != null) {
      // An attacker may stand in between just now; what it shows is not the peer.
      return out;
    }
    row.hosts()
        .forEach(
            (host, record) -> {
              if (row.mx().contains(host) && (isRemembered(row, host) || vouched.test(host))) {
                Set<Pin> keys = new HashSet<>();
                Instant last = Instant.MIN;
                for (RememberedSample s : record.history()) {
                  Pin key = s.key();
                  // Sessions for mail that others caused do not teach, here as elsewhere.
                  if (s.level() == ProvenLevel.VERIFIED
                      && s.counts()
                      && key != null
                      && !s.at().isBefore(since)) {
                    keys.add(key);
                    last = s.at().isAfter(last) ? s.at() : last;
                  }
                }
                if (!keys.isEmpty()) {
                  out.add(new ProvenHost(host, keys, last));
                }
              }
            });
    out.sort(Comparator.comparing(ProvenHost::host));
    return out;
  }

  /** Whether the level {@code verify} of the domain rests on this host. */
  private static boolean isRemembered(DomainRecord row, Domain host) {
    if (row.level() != TlsLevel.VERIFY) {
      return false;
    }
    return row.patterns().isEmpty()
        ? row.known().contains(host)
        : row.patterns().stream().anyMatch(p -> p.matches(host));
  }
}

package org.sealwax.router.records;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.router.certs.HostKey;
import org.sealwax.router.dkim.NeededKey;

/**
 * What the records depend on and the configuration does not say.
 *
 * @param addresses those that mail is sent from; empty: not known
 * @param ownHosts names of this server in MX records, the host name among them
 * @param keys the certificates in force at these names
 * @param nextKey the other key of a rollover whose record is needed
 * @param keyProblem why the keys are not known; empty: they are
 * @param dkim keys that sign, or will
 * @param policies MTA-STS policies that this server offers
 */
public record SiteFacts(
    List<InetAddress> addresses,
    Set<Domain> ownHosts,
    List<HostKey> keys,
    Optional<TlsaRecord> nextKey,
    String keyProblem,
    List<NeededKey> dkim,
    List<HostedPolicy> policies) {
  /**
   * An MTA-STS policy that this server offers (RFC 8461).
   *
   * @param domain of the policy
   * @param announcement the TXT record at {@code _mta-sts}; empty: there is no policy yet
   * @param problem why there is none; empty otherwise
   * @param mxNotYet why this server must not become an MX host yet: senders have a policy without
   *     it; empty: it may
   */
  public record HostedPolicy(
      Domain domain, Optional<String> announcement, String problem, Optional<String> mxNotYet) {}

  /** Copies. */
  public SiteFacts {
    addresses = List.copyOf(addresses);
    ownHosts = Set.copyOf(ownHosts);
    keys = List.copyOf(keys);
    dkim = List.copyOf(dkim);
    policies = List.copyOf(policies);
  }
}

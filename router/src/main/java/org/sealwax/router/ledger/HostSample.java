package org.sealwax.router.ledger;

import java.net.InetAddress;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;

/**
 * One connection, or the failure to get one, as the router saw it.
 *
 * @param host the MX host
 * @param address the address that was dialled
 * @param observation what the connection showed
 * @param step how much was offered
 * @param publicRoots whether the certificate was judged against the roots that every system has;
 *     proof by a private CA does not count for the ledger
 * @param proven whether DNSSEC proves the way from the domain to a TLSA record that this peer
 *     matched
 */
public record HostSample(
    Domain host,
    InetAddress address,
    Observation observation,
    FallbackStep step,
    boolean publicRoots,
    boolean proven) {}

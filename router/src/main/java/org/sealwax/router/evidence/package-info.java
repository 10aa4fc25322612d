/**
 * Gathers evidence about a next hop before a connection is made: {@link
 * org.sealwax.router.evidence.EvidenceGatherer} asks every {@link
 * org.sealwax.router.evidence.EvidenceSource} in parallel. {@link
 * org.sealwax.router.evidence.EvidenceGatherer.PolicyRows} is the source that the configuration
 * makes; {@link org.sealwax.mail.dns.HostAddresses} carries address answers with their DNS
 * security.
 *
 * <p>Invariants: evidence is never weakened on the way; a source that fails is not a source that
 * has no evidence. RFC 5321 5.1, RFC 7672 2.1.
 */
@NullMarked
package org.sealwax.router.evidence;

import org.jspecify.annotations.NullMarked;

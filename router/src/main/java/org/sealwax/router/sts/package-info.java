/**
 * Fetches MTA-STS policies and keeps them (RFC 8461 3.3, 5.1). {@link
 * org.sealwax.router.sts.StsPolicyCache} answers for a domain, {@link
 * org.sealwax.mail.sts.fetch.PolicyFetcher} fetches one policy and reports everything it saw,
 * {@link org.sealwax.router.sts.StsPolicyStore} is the store on disk.
 *
 * <p>Invariants: a policy that was fetched is on disk before it counts; one fetch at a time for a
 * domain, and failed ones at least five minutes apart; what the network does never takes a policy
 * out of force before its {@code max_age}; what is kept is bounded, and policies in {@code enforce}
 * go last. The decisions are {@link org.sealwax.mail.sts.StsStep}'s.
 */
@NullMarked
package org.sealwax.router.sts;

import org.jspecify.annotations.NullMarked;

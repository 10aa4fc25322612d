/**
 * Judges mail that comes from clients without trust by SPF, DKIM and DMARC: {@link
 * org.sealwax.router.dmarc.SenderChecks} runs the checks of all sessions, {@link
 * org.sealwax.router.dmarc.MessageAuthentication} takes one message while it passes, {@link
 * org.sealwax.router.dmarc.DmarcEnforcement} decides (pure).
 *
 * <p>Invariants: a check without a result in the time limit is {@code temperror} and refuses
 * nothing; only a DMARC result of {@code fail} with the policy {@code reject} can refuse, and not
 * when a list or a forwarder may have changed the message; the checks have a share of the resolver.
 * RFC 7208, RFC 6376, RFC 9989, RFC 8601.
 */
@NullMarked
package org.sealwax.router.dmarc;

import org.jspecify.annotations.NullMarked;

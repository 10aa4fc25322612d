/**
 * Transport policy as pure functions. {@link org.sealwax.mail.policy.Evidence} gathered before
 * connecting becomes a {@link org.sealwax.mail.policy.Requirement} per next hop and host;
 * requirement and {@link org.sealwax.mail.policy.Observation} (what one connection showed) become a
 * {@link org.sealwax.mail.policy.Decision}. The {@link org.sealwax.mail.policy.FallbackLadder}
 * bounds how often and how far down a delivery may go.
 *
 * <p>Invariants, each tested over the whole space: a source of evidence may raise or refuse, never
 * lower (listed exception: a row with {@code override}); where encryption is demanded, no
 * observation in any state leads to plaintext; no state leads to more connections than the ladder's
 * bound; a verdict never leads to a lower fallback step. No sockets, files, threads or clock: the
 * time is a parameter.
 *
 * <p>RFC 3207, 7435, 7507, 7672, 8461 as sources of the rules; docs/policy.md explains them.
 */
@NullMarked
package org.sealwax.mail.policy;

import org.jspecify.annotations.NullMarked;

package org.sealwax.router.receive;

import org.jspecify.annotations.Nullable;
import org.sealwax.router.evidence.PeerMatcher;
import org.sealwax.router.route.RecipientDirectory;

/**
 * The configuration for incoming mail; replaced as a whole on reload. A session keeps the one it
 * began with.
 *
 * @param settings limits and names
 * @param rules relay rules
 * @param directory our domains
 * @param peerMatcher peers that are known by what their own MX hosts showed
 * @param sasl ways to identify oneself, or null
 */
public record ReceiveConfiguration(
    ReceiveSettings settings,
    RelayRules rules,
    RecipientDirectory directory,
    PeerMatcher peerMatcher,
    @Nullable SaslMechanisms sasl) {}

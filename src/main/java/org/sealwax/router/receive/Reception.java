package org.sealwax.router.receive;

import org.jspecify.annotations.Nullable;
import org.sealwax.router.evidence.Mirror;
import org.sealwax.router.route.Directory;

/**
 * What the configuration says about coming in; swapped whole on reload. A session keeps the one it
 * began with.
 *
 * @param settings limits and names
 * @param rules who may send where
 * @param directory our domains
 * @param mirror peers that are known by what their own MX hosts showed
 * @param sasl ways to identify oneself, or null
 */
public record Reception(
    ReceiveSettings settings,
    RelayRules rules,
    Directory directory,
    Mirror mirror,
    @Nullable SaslMechanisms sasl) {}

/**
 * Metrics in the text format of Prometheus, {@code /health} and {@code /ready}, off unless
 * configured.
 *
 * <p>Invariants: sockets have timeouts; the number of connections is limited.
 */
@NullMarked
package org.sealwax.router.metrics;

import org.jspecify.annotations.NullMarked;

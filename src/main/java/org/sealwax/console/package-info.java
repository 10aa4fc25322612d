/**
 * Floor 5: what a browser or a monitor sees: {@code /metrics} in Prometheus' text form, {@code
 * /health} and {@code /ready}. The only room that will know HTML. Off unless configured; on
 * loopback unless configured otherwise.
 */
@NullMarked
package org.sealwax.console;

import org.jspecify.annotations.NullMarked;

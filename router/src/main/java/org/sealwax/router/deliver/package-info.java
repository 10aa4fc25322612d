/**
 * Delivery of mail to other hosts. {@link org.sealwax.router.deliver.SmtpDeliveryAgent} takes a
 * consignment through one round: a route plan of hosts, per host the requirement of the policy,
 * connections down the ladder, and the transfer of the message; every recipient gets exactly one
 * outcome. {@link org.sealwax.router.deliver.FailureTable} is the one place that shows what a
 * failure means.
 *
 * <p>Invariants: no byte of an envelope leaves before the policy said proceed about this very
 * connection, and an unencrypted stream under a requirement of TLS stops the round (checked again
 * right before MAIL, in production); no recipient counts as delivered without a final 2yz; an idle
 * connection is only used again under the same requirement, host and route; credentials go to
 * verified peers only; the unknown defers. Mail that was deferred under TLS does not go unencrypted
 * in the same round. Every transaction has a total time besides its single waits. Memory does not
 * grow with the message.
 *
 * <p>{@link org.sealwax.router.ledger.HostMemories}, what hosts have shown, outlive a configuration
 * and a restart.
 *
 * <p>RFC 5321, 1870, 2920, 3030, 3461, 4954, 5802, 6152, 6531, 7505, 7677, 8305, 9422.
 */
@NullMarked
package org.sealwax.router.deliver;

import org.jspecify.annotations.NullMarked;

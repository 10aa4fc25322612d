/**
 * Reception of mail: listeners, sessions, transactions, and the relay rules.
 *
 * <p>Main types: {@link org.sealwax.router.receive.SmtpServer} opens listeners and has the limits
 * over all of them; {@link org.sealwax.router.receive.Listener} accepts connections; {@code
 * ServerSession} answers each verb, {@code AuthSession} answers AUTH, {@code ReceiveConfiguration}
 * checks the address of each RCPT; {@link org.sealwax.router.receive.RelayRules} decides which
 * client may send to which recipient, as pure functions; {@code Transaction} streams the body to
 * {@link org.sealwax.router.queue.Intake}; {@link org.sealwax.router.receive.ClientLimits} has the
 * limits of one client; {@link org.sealwax.router.receive.ReceiveConfiguration} is replaced by a
 * reload.
 *
 * <p>Invariants: {@code 250} is sent only after the commit returned; an entry that was opened is
 * closed; only clients with a {@link org.sealwax.router.receive.ClientTrust} may relay to other
 * domains; passwords are taken only inside TLS; a broken message is refused with a 5yz before the
 * final {@code 250}; {@code receive} does not know {@code deliver}.
 *
 * <p>RFC 5321, 1870, 2034, 2920, 3030, 3207, 3461, 3848, 4954, 6152, 6531, 8314, 9422.
 */
@NullMarked
package org.sealwax.router.receive;

import org.jspecify.annotations.NullMarked;

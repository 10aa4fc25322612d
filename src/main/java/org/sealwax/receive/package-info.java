/**
 * Floor 3: mail comes in: listeners, sessions, transactions, and the rules of who may relay.
 *
 * <p>RFC 5321, 4954.
 */
@NullMarked
package org.sealwax.receive;

import org.jspecify.annotations.NullMarked;

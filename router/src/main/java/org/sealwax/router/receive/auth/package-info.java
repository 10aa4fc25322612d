/**
 * Submission with user name and password: the password file, and the mechanisms PLAIN (RFC 4616)
 * and SCRAM-SHA-256 (RFC 5802, RFC 7677).
 *
 * <p>Invariants: passwords are never stored or logged, only SCRAM keys are; both mechanisms are
 * checked against the same keys; a name that does not exist costs the same time and gets the same
 * answers as one that does; comparisons take constant time. The PLUS variant of SCRAM is not
 * offered: it needs the TLS exporter (RFC 9266), which the engines do not give us. A client that
 * states it could bind ({@code y}) is right that we did not offer it.
 */
@NullMarked
package org.sealwax.router.receive.auth;

import org.jspecify.annotations.NullMarked;

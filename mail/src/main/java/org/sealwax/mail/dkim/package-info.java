/**
 * DKIM signatures (RFC 6376, 8301, 8463): made and verified while a message passes, in memory that
 * does not depend on the size of the body. No sockets, files, threads or clock.
 *
 * <p>Main types: {@link org.sealwax.mail.dkim.DkimVerifier} (verifies the signatures of a message),
 * {@link org.sealwax.mail.dkim.DkimResult} (the result of one of them), {@link
 * org.sealwax.mail.dkim.DkimSigner} (signs a message), {@link org.sealwax.mail.dkim.DkimSigningKey}
 * (with one key).
 *
 * <p>Invariants: only a signature whose every tag was understood can pass; a key that could not be
 * looked up is a temporary error and never the absence of a signature; no secret is in a message or
 * in the text of an exception.
 */
@NullMarked
package org.sealwax.mail.dkim;

import org.jspecify.annotations.NullMarked;

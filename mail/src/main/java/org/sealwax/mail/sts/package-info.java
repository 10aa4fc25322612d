/**
 * MTA-STS as text (RFC 8461): {@link org.sealwax.mail.sts.StsRecord} reads the record of a domain
 * at {@code _mta-sts}, {@link org.sealwax.mail.sts.StsPolicy} reads the policy file itself. {@code
 * .fetch} fetches it.
 *
 * <p>Invariants: every input has a named outcome; whatever is not exactly the grammar is not a
 * policy, and unknown fields are allowed (RFC 8461 3.2). Pure: no sockets, files, threads or clock.
 * RFC 8461 sections 3.1, 3.2, 4.1.
 */
@NullMarked
package org.sealwax.mail.sts;

import org.jspecify.annotations.NullMarked;

/**
 * Floor 3: where a recipient leads: alias domains and files, relay domains with their recipients,
 * sender rewriting (SRS), route rows. Owns {@link org.sealwax.forward.RecipientProbe}, by which a
 * relay domain's next hop is asked whether a recipient exists.
 *
 * <p>Invariant: a local part that does not exist is refused at RCPT and never bounced later (no
 * backscatter). RFC 5321 3.9, 5.1; SRS as in libsrs2's published description.
 */
@NullMarked
package org.sealwax.forward;

import org.jspecify.annotations.NullMarked;

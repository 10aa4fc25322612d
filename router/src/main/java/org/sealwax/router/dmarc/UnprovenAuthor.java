package org.sealwax.router.dmarc;

import org.sealwax.mail.dmarc.AuthorDomain;

/**
 * An author that DMARC did not confirm, although a policy may apply.
 *
 * @param domain of From
 * @param temporary a look-up failed: a later check may confirm it
 */
public record UnprovenAuthor(AuthorDomain domain, boolean temporary) {}

/**
 * DMARC (RFC 9989): does an identity that SPF or DKIM authenticated belong to the domain in From?
 * {@link org.sealwax.mail.dmarc.DmarcCheck} answers with a {@link
 * org.sealwax.mail.dmarc.DmarcVerdict}; {@link org.sealwax.mail.dmarc.AuthorDomain} is that domain,
 * {@link org.sealwax.mail.dmarc.DmarcRecord} is a policy record, {@link
 * org.sealwax.mail.dmarc.DmarcTreeWalk} finds the records above a domain.
 *
 * <p>Invariants: any bytes in From or in a record end in a named result; a From that two readers
 * could read differently never passes; a failed look-up is {@code temperror}, never {@code fail};
 * one walk asks at most eight questions. Asks only the resolver: no sockets, files, threads or
 * clock. RFC 9989, which replaces RFC 7489 and RFC 9091.
 */
@NullMarked
package org.sealwax.mail.dmarc;

import org.jspecify.annotations.NullMarked;

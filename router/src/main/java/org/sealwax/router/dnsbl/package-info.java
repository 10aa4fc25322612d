/**
 * DNS block and allow lists (RFC 5782): what lists of the DNS say about the address of a client.
 *
 * <p>Main types: {@link org.sealwax.router.dnsbl.DnsList} is one list of the configuration; {@link
 * org.sealwax.router.dnsbl.DnsListClient} asks the lists; {@link
 * org.sealwax.router.dnsbl.ListAnswer} is what one list answers, a pure function of its records;
 * {@link org.sealwax.router.dnsbl.ListVerdict} is what all of them mean; {@link
 * org.sealwax.router.dnsbl.ClientListing} asks once for each session.
 *
 * <p>Invariants: only a configured return code lists a client; a list that fails, is late, or
 * refuses the query does not count; a dead list takes neither the slots of other lists nor those of
 * deliveries.
 */
@NullMarked
package org.sealwax.router.dnsbl;

import org.jspecify.annotations.NullMarked;

/**
 * The DNS records that the domains of this server need, and what is published of them.
 *
 * <p>{@link org.sealwax.router.records.WantedRecords} makes the records from the configuration and
 * {@link org.sealwax.router.records.SiteFacts}; {@link org.sealwax.router.records.RecordComparison}
 * compares one of them with the answers of each authoritative server; {@link
 * org.sealwax.router.records.RecordUpdates} makes dynamic updates of what is missing. No sockets,
 * files or clock here. {@link org.sealwax.router.records.MailRecords} has the record of each kind,
 * also for the advice of other commands.
 *
 * <p>A record that exists in another correct form is published: SPF is evaluated for our addresses,
 * and not compared as text. The absence of an answer is never the absence of a record. No update
 * removes a record without the condition that the whole set is the one that was seen.
 *
 * <p>RFC 7208 (SPF), RFC 6376 (DKIM), RFC 9989 (DMARC), RFC 7672 (DANE), RFC 8460 (TLS reports),
 * RFC 8659 (CAA), RFC 2136 (updates).
 */
@NullMarked
package org.sealwax.router.records;

import org.jspecify.annotations.NullMarked;

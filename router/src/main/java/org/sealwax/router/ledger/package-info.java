/**
 * Memory of the TLS that domains have shown, so that a domain that always used TLS is not tricked
 * back into plaintext. The router reports to a {@link org.sealwax.router.ledger.LedgerRound} what
 * it sees; the {@link org.sealwax.router.ledger.Ledger} answers with a level per domain, which
 * {@code router.evidence} turns into {@link org.sealwax.mail.policy.Evidence.LedgerLevel}.
 *
 * <p>{@link org.sealwax.router.ledger.LedgerRules} and {@link
 * org.sealwax.router.ledger.LedgerTransition} are pure: a row and an event make the next row.
 * {@code LedgerWriter} alone puts it in the place of the former one, in memory and on the disk.
 * {@code RecordColumns} makes the tables from the records; {@code BinaryLedgerRows} reads the
 * format before these tables.
 *
 * <p>Invariants: the level belongs to the domain, never to a host, so that a host never seen before
 * inherits it; senders (bounces, mail with a null sender) do not choose what is learnt; a level is
 * lost only by decay, by the admin, or when every path showed less for the whole hold; memory
 * limits never evict a level. docs/policy.md, "The ledger".
 */
@NullMarked
package org.sealwax.router.ledger;

import org.jspecify.annotations.NullMarked;

/**
 * The durable store: messages with their envelopes and the state of each group of recipients. Read
 * it in this order:
 *
 * <ol>
 *   <li>What a spool is: {@link org.sealwax.router.spool.Spool} speaks of messages, batches of
 *       recipients, due times and changes, so that a shared engine can implement it. {@link
 *       org.sealwax.router.spool.SqliteSpool} is the embedded engine: SQLite in WAL mode.
 *   <li>The writer: {@code WriterState} is the table of its states, events and steps; {@code
 *       SpoolWriter} is the one thread that takes the steps; {@code WriterTransaction} and {@code
 *       WriterConnection} are the steps of a transaction and their SQL; {@code WriterQueue} gathers
 *       the jobs of one commit. {@code SpoolOpening} opens the database, at a start and after a
 *       failure.
 *   <li>Contents: {@code Draft} is one on its way in, {@code BodyFiles} is the folder of large
 *       ones.
 *   <li>Readers: {@code ReaderPool}, {@code SpoolReader}.
 *   <li>Maintenance: {@code SpoolMaintenance} with {@code IntegrityCheck}; {@code DiskSpace} with
 *       the reserve.
 *   <li>Damage: {@code Salvage}, {@code RowCopy}, {@code WalFile}; {@code ScanMarks} and {@code
 *       RowMark} are what a start knows of the end of the last process.
 *   <li>{@code Backup} and {@link org.sealwax.router.spool.SpoolRestore}.
 * </ol>
 *
 * <p>Invariant: what {@link org.sealwax.router.spool.Spool#accept} returned for is on stable
 * storage, and stays until its last batch was removed by a change.
 *
 * <p>Crash states: {@code SpoolStep} lists the steps after which the disk is in a state of its own;
 * the table in docs/spool.md shows what a crash after each of them leaves and what the next start
 * makes of it, and a test executes the table.
 */
@NullMarked
package org.sealwax.router.spool;

import org.jspecify.annotations.NullMarked;

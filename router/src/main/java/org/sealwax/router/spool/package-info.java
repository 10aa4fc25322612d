/**
 * The durable store: messages with their envelopes and the state of each group of recipients.
 * {@link org.sealwax.router.spool.Spool} is the interface, which speaks of messages, batches of
 * recipients, due times and changes, so that a shared engine can implement it; {@link
 * org.sealwax.router.spool.SqliteSpool} is the embedded engine (SQLite in WAL mode, one writer with
 * group commit; large contents in files of their own).
 *
 * <p>Invariant: what {@link org.sealwax.router.spool.Spool#accept} returned for is on stable
 * storage, and stays until its last batch was removed by a change.
 *
 * <p>Crash states. A crash may come between any two of these lines; what is found then, and what
 * follows at the next start:
 *
 * <table>
 * <caption>Life of a message on disk</caption>
 * <tr><th>on disk</th><th>acknowledged</th><th>at the next start</th></tr>
 * <tr><td>nothing, or part of a content's file ({@code ID.part})</td><td>no</td><td>the file is
 * removed; the client still has the message</td></tr>
 * <tr><td>the content's file whole and synced, no row</td><td>no</td><td>removed</td></tr>
 * <tr><td>rows in the log without a commit mark</td><td>no</td><td>SQLite ignores them; the file is
 * removed</td></tr>
 * <tr><td>rows committed and synced, the file not yet named</td><td>no</td><td>named, then as the
 * line below</td></tr>
 * <tr><td>rows committed and synced, {@code 250} not yet said</td><td>no</td><td>delivered; the
 * client will send a second copy (RFC 1047)</td></tr>
 * <tr><td>rows with state FRESH</td><td>yes</td><td>become QUEUED, are tried at once</td></tr>
 * <tr><td>delivered, and the change not committed</td><td>yes</td><td>delivered a second
 * time</td></tr>
 * <tr><td>change committed, not synced</td><td>yes</td><td>after a killed process: done; after a
 * power failure: as the line above</td></tr>
 * <tr><td>change synced, content's file not yet removed</td><td>yes</td><td>the file is
 * removed, because the table {@code gone} names it</td></tr>
 * <tr><td>a content's file with a name that neither a row nor {@code gone} names</td><td>perhaps:
 * rows were lost</td><td>set aside</td></tr>
 * <tr><td>a notification and the removal it answers</td><td>yes</td><td>one transaction: both or
 * neither</td></tr>
 * <tr><td>commit failed (EIO, ENOSPC)</td><td>no</td><td>the same without a crash: store closed and
 * opened again, rows of the failed batch removed if they did land</td></tr>
 * </table>
 */
@NullMarked
package org.sealwax.router.spool;

import org.jspecify.annotations.NullMarked;

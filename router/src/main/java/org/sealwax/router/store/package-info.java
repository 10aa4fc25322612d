/**
 * SQLite databases: the one place that opens them, checks their format, and migrates them.
 *
 * <p>{@link org.sealwax.router.store.Sqlite} opens connections, {@link
 * org.sealwax.router.store.SqliteFormat} is what one kind of database looks like and how each
 * version becomes the next, {@link org.sealwax.router.store.Statements} keeps the statements of a
 * connection prepared, {@link org.sealwax.router.store.StoreFile} is a store with the thread that
 * writes it, {@link org.sealwax.router.store.SqliteFailure} is the meaning of an error of the
 * engine.
 *
 * <p>Invariants: a database of another program, or of a newer version, is never written to. A
 * migration is one transaction for each version, so that a crash leaves one version or the next.
 * Only our user may read a new file.
 */
@NullMarked
package org.sealwax.router.store;

import org.jspecify.annotations.NullMarked;

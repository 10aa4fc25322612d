/**
 * Floor 3: the durable store: messages with their envelopes and the state of each recipient. An
 * interface, and the embedded engine (SQLite in WAL mode, synchronous FULL, one writer with group
 * commit; large bodies in files of their own).
 *
 * <p>Invariant: what commit returned for is on stable storage.
 */
@NullMarked
package org.sealwax.spool;

import org.jspecify.annotations.NullMarked;

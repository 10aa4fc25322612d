package org.sealwax.router.ledger;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A violation that stands now, for log, receipt, DSN and queue.
 *
 * @param what its class so far
 * @param since when it was first seen
 * @param accepts when it is accepted at the earliest if it stays as it is, or null: only the
 *     admin's word ends it
 * @param text one plain sentence
 */
public record ActiveViolation(
    ViolationClass what, Instant since, @Nullable Instant accepts, String text) {}

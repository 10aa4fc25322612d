package org.sealwax.router.spool;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A change of a batch's state and time alone.
 *
 * @param key the batch; nothing happens when it is gone
 * @param state the new state
 * @param due the new time, null exactly when HELD
 * @param reason the new reason, or null to keep the old one
 */
public record BatchMove(
    BatchKey key, BatchState state, @Nullable Instant due, @Nullable String reason) {}

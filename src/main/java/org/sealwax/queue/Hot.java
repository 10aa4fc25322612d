package org.sealwax.queue;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the first round needs, kept from the moment of arrival so that the store need not be read.
 *
 * @param content the whole content, or null when it has to be read
 */
@SuppressWarnings("ArrayRecordComponent") // never changed, never compared
record Hot(
    Envelope envelope,
    RecipientGroup group,
    Instant arrived,
    long size,
    byte @Nullable [] content) {}

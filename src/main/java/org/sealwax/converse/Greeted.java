package org.sealwax.converse;

import org.jspecify.annotations.Nullable;
import org.sealwax.policy.Observation;

/**
 * What greeting a host came to.
 *
 * @param observation what was seen
 * @param dialogue the open conversation, or null when there is none to go on with
 */
public record Greeted(Observation observation, @Nullable ClientDialogue dialogue) {}

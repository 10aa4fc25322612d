package org.sealwax.mail.smtp.session;

import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.Observation;

/**
 * What greeting a host came to.
 *
 * @param observation what was seen
 * @param dialogue the open conversation, or null when there is none to go on with
 */
public record Greeted(Observation observation, @Nullable ClientDialogue dialogue) {}

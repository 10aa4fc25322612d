package org.sealwax.mail.smtp.session;

import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.Observation;

/**
 * What greeting a host came to.
 *
 * @param observation what was seen
 * @param session the open conversation, or null when there is none to go on with
 */
public record GreetingResult(Observation observation, @Nullable ClientSession session) {}

package org.sealwax.mail.smtp.session;

import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.Observation;

/**
 * The result of greeting a host.
 *
 * @param observation the facts for the policy
 * @param session the open session, or null when there is none
 */
public record GreetingResult(Observation observation, @Nullable ClientSession session) {}

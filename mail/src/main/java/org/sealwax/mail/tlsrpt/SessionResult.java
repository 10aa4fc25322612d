package org.sealwax.mail.tlsrpt;

import org.jspecify.annotations.Nullable;

/**
 * One session under one policy.
 *
 * @param policy that applied
 * @param failure what went wrong, or null when it succeeded
 */
public record SessionResult(AppliedPolicy policy, @Nullable FailureDetail failure) {}

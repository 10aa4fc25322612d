/**
 * What others report about our mail: bounces that come back to rewritten senders (RFC 3464), abuse
 * reports (ARF, RFC 5965) and DMARC aggregate reports (RFC 9990). {@link
 * org.sealwax.router.feedback.BounceReader} and {@link org.sealwax.router.feedback.FeedbackReader}
 * read them, {@link org.sealwax.router.feedback.FeedbackStore} counts them by alias, target and
 * source, {@link org.sealwax.router.feedback.FeedbackSummary} shows them.
 *
 * <p>Invariants: a report is a claim of its sender and changes counts only, never where mail goes;
 * what clients send costs bounded memory and disk; names of aliases and targets are kept only where
 * the configuration has them. A dead target is found by {@link
 * org.sealwax.router.feedback.DeadTargets} from replies that this server received itself.
 */
@NullMarked
package org.sealwax.router.feedback;

import org.jspecify.annotations.NullMarked;

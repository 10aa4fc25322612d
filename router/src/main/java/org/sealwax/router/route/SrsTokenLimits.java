package org.sealwax.router.route;

import java.time.Duration;

/**
 * The limits of stored senders. Their number is at most that of a day times the days of {@code
 * maxAge} and two more; a row has at most 400 bytes.
 *
 * @param stored new senders of one day, and of one client in it
 * @param maxAge how long one is kept; whole days
 */
record SrsTokenLimits(ForwardSettings.StoredSenderLimits stored, Duration maxAge) {}

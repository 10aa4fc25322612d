package org.sealwax.mail.smtp;

import org.jspecify.annotations.Nullable;

/**
 * The facts about a message body, collected while it is read.
 *
 * @param bytes handed on, after un-stuffing
 * @param eightBit bytes above 127 were there
 * @param flaw the first one, or null; the body was read to its end nevertheless, and is refused
 * @param longestLine bytes with CRLF; a line over {@link SmtpLimits#TEXT_LINE} is a flaw
 * @param tooLarge more came than was allowed; the rest was read and dropped
 * @param complete its end was reached; false when the stream ended, or when so much came after the
 *     limit that reading on makes no sense
 */
public record BodySummary(
    long bytes,
    boolean eightBit,
    @Nullable SmtpFlaw flaw,
    int longestLine,
    boolean tooLarge,
    boolean complete) {}

package org.sealwax.spool;

/**
 * Identifies one share of one message.
 *
 * @param message the message
 * @param number the lowest key of a recipient in the share; unique within the message
 */
public record ShareKey(QueueId message, long number) {}

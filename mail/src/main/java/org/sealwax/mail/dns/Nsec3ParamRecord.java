package org.sealwax.mail.dns;

/**
 * One NSEC3PARAM record (RFC 5155 4.1).
 *
 * @param iterations extra hashings; RFC 9276 3.1 requires 0
 * @param saltLength bytes of salt; RFC 9276 3.1 recommends none
 */
public record Nsec3ParamRecord(int iterations, int saltLength) {}

package org.sealwax.mail.http;

/**
 * Why there is no answer.
 *
 * @param kind of the failure
 * @param text the reason in words, for logs and people
 */
public record HttpsFailure(Kind kind, String text) {
  /** Where the request failed. */
  public enum Kind {
    /** The host has no address in the DNS. */
    NO_ADDRESS,
    /** The look-up failed: bogus, SERVFAIL, timeout. */
    DNS_FAILED,
    /** No connection to any of its addresses. */
    NO_CONNECTION,
    /** No TLS. */
    TLS_FAILED,
    /** The host's certificate does not prove its identity; the handshake has the verdict. */
    CERTIFICATE_NOT_VERIFIED,
    /** The response is not HTTP/1.1, or ends too early. */
    MALFORMED,
    /** The content is over the limit. */
    TOO_LARGE,
    /** The time limit has passed. */
    TOTAL_TIME_REACHED,
    /** The connection failed. */
    LOST
  }
}

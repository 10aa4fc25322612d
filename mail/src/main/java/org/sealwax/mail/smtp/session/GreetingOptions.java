package org.sealwax.mail.smtp.session;

import org.sealwax.mail.tls.ClientOffer;

/**
 * Options of the greeting on one connection.
 *
 * @param ehlo our name for EHLO: a domain, or an address literal with brackets
 * @param tlsMode whether and when TLS
 * @param offer what to offer in TLS
 */
public record GreetingOptions(String ehlo, TlsMode tlsMode, ClientOffer offer) {
  /** Whether and when TLS. */
  public enum TlsMode {
    /** No STARTTLS, by decision. */
    CLEAR,
    /** STARTTLS when it is offered. */
    STARTTLS,
    /** TLS from the first byte (RFC 8314 3.3). */
    IMPLICIT
  }
}

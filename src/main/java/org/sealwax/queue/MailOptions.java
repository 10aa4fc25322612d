package org.sealwax.queue;

import org.jspecify.annotations.Nullable;

/**
 * MAIL parameters that travel with a message.
 *
 * @param body what the client declared or the content showed
 * @param smtputf8 SMTPUTF8 was given (RFC 6531)
 * @param envelopeId ENVID in xtext, or null (RFC 3461 4.4)
 * @param returnContent RET: how much a failure notification carries (RFC 3461 4.3)
 * @param requireTls REQUIRETLS was given (RFC 8689)
 */
public record MailOptions(
    Body body,
    boolean smtputf8,
    @Nullable String envelopeId,
    Return returnContent,
    boolean requireTls) {
  /** RFC 6152 and RFC 3030. */
  public enum Body {
    SEVEN_BIT,
    EIGHT_BIT,
    BINARY
  }

  /** RFC 3461 4.3. */
  public enum Return {
    UNSPECIFIED,
    HEADERS,
    FULL
  }

  /** Plain seven-bit mail without wishes. */
  public static MailOptions plain() {
    return new MailOptions(Body.SEVEN_BIT, false, null, Return.UNSPECIFIED, false);
  }
}

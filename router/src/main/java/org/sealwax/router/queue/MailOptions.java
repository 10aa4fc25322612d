package org.sealwax.router.queue;

import org.jspecify.annotations.Nullable;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;

/**
 * MAIL parameters that travel with a message.
 *
 * @param body what the client declared or the content showed
 * @param smtputf8 SMTPUTF8 was given (RFC 6531)
 * @param envelopeId ENVID in xtext, or null (RFC 3461 4.4)
 * @param returnContent RET: how much a failure notification carries (RFC 3461 4.3)
 * @param tls what the sender wants of TLS on the way (RFC 8689)
 */
public record MailOptions(
    BodyType body,
    boolean smtputf8,
    @Nullable String envelopeId,
    ReturnParameter returnContent,
    TlsOption tls) {
  /** RFC 6152 and RFC 3030. */
  public enum BodyType {
    SEVEN_BIT,
    EIGHT_BIT,
    BINARY
  }

  /** RFC 8689. */
  public enum TlsOption {
    /** Nothing was given: our policy decides. */
    UNSPECIFIED,
    /** REQUIRETLS was given with MAIL: verified TLS, hop by hop, or no delivery (4.2.1). */
    REQUIRED,
    /** The header said {@code TLS-Required: No}, and we honour it (section 3). */
    OPTIONAL,
    /**
     * A TLS report that we send (RFC 8460 section 3): goes out whatever the TLS is like, as with
     * {@link #OPTIONAL}, and the sessions that carry it are not counted for the next report.
     */
    REPORT
  }

  /** Whether REQUIRETLS was given. */
  public boolean requireTls() {
    return tls == TlsOption.REQUIRED;
  }

  /** Plain seven-bit mail without options. */
  public static MailOptions plain() {
    return new MailOptions(
        BodyType.SEVEN_BIT, false, null, ReturnParameter.UNSPECIFIED, TlsOption.UNSPECIFIED);
  }
}

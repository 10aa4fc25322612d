package org.sealwax.mail.tls;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Certificates for the connections of one application protocol (RFC 7301), which are shown in place
 * of the ordinary ones: the validation of a certificate order connects with {@code acme-tls/1} and
 * needs a certificate that no other client may see (RFC 8737 3).
 *
 * @param protocol its registered name
 * @param byName the certificate for a server name in lower case; null: the ordinary one is shown,
 *     and the protocol is not negotiated
 */
public record ProtocolIdentities(String protocol, Function<String, @Nullable Identity> byName) {
  /** No protocol has certificates of its own. */
  public static final ProtocolIdentities NONE = new ProtocolIdentities("", name -> null);
}

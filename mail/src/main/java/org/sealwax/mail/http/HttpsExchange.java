package org.sealwax.mail.http;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.Handshake;

/**
 * The result of one request, with all facts about its connections. Exactly one of {@code reply} and
 * {@code failure} is present.
 *
 * @param host that was asked
 * @param addresses of the host that were eligible, in the order of trial
 * @param peer the address of the last connection, or null
 * @param handshake of the last TLS connection, or null
 * @param reply the answer, or null
 * @param failure why there is none, or null
 * @param took the time
 */
public record HttpsExchange(
    Domain host,
    List<InetAddress> addresses,
    @Nullable InetSocketAddress peer,
    @Nullable Handshake handshake,
    @Nullable HttpResponse reply,
    @Nullable HttpsFailure failure,
    Duration took) {
  /** Copies and checks. */
  public HttpsExchange {
    addresses = List.copyOf(addresses);
    if ((reply == null) == (failure == null)) {
      throw new IllegalArgumentException("either a response or an error");
    }
  }
}

package org.sealwax.mail.http;

import java.time.Duration;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * One HTTPS request.
 *
 * @param host the server: resolved, sent as SNI and Host, and matched against the certificate
 * @param port 443 but in tests
 * @param path with its slash, as it goes on the wire
 * @param content sent by POST; empty: GET
 * @param certificate what to do with a certificate that does not verify
 * @param limits on the answer
 */
public record HttpsRequest(
    Domain host,
    int port,
    String path,
    Optional<RequestContent> content,
    CertificateUse certificate,
    Limits limits) {
  /** The check of the certificate for this request. */
  public enum CertificateUse {
    /** No request is sent to a server that is not verified as {@code host} by the roots. */
    DEMANDED,
    /**
     * The certificate is judged and reported, and the request is made in any case: for assessments.
     */
    JUDGED
  }

  /**
   * The content of a POST.
   *
   * @param type its media type
   * @param bytes not copied
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
  public record RequestContent(String type, byte[] bytes) {}

  /**
   * Bounds on one exchange.
   *
   * @param body bytes of the answer's content
   * @param total for everything: addresses, connections, TLS, the answer
   */
  public record Limits(int body, Duration total) {
    /** Checks ranges. */
    public Limits {
      if (body < 0 || !total.isPositive()) {
        throw new IllegalArgumentException("a size and a positive time");
      }
    }
  }

  /** Checks what goes on the wire as it is. */
  public HttpsRequest {
    if (!path.startsWith("/") || !path.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw new IllegalArgumentException("not a path: " + path);
    }
    if (content.isPresent() && !content.get().type().chars().allMatch(c -> c >= 0x20 && c < 0x7f)) {
      throw new IllegalArgumentException("not a media type");
    }
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("not a port: " + port);
    }
  }
}

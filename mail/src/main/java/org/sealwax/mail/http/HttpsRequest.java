package org.sealwax.mail.http;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * One HTTPS request.
 *
 * @param host the server: resolved, sent as SNI and Host, and matched against the certificate
 * @param port 443 but in tests
 * @param path with its slash, as it goes on the wire
 * @param method GET, HEAD or POST
 * @param fields besides those that this client writes itself
 * @param content of a POST
 * @param certificate what to do with a certificate that does not verify
 * @param limits on the answer
 */
public record HttpsRequest(
    Domain host,
    int port,
    String path,
    Method method,
    List<HttpField> fields,
    Optional<RequestContent> content,
    CertificateUse certificate,
    Limits limits) {
  /** The methods that are needed (RFC 9110 9.3). */
  public enum Method {
    /** Asks for a content. */
    GET,
    /** Asks for the fields only. */
    HEAD,
    /** Sends a content. */
    POST
  }

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

  /** What is read of an answer that is not 2xx. */
  public enum ErrorContent {
    /** Its fields. */
    SKIPPED,
    /** Its content as well, within the same limit. */
    READ
  }

  /**
   * Bounds on one exchange.
   *
   * @param body bytes of the answer's content
   * @param errors what is read of an answer that is not 2xx
   * @param total for everything: addresses, connections, TLS, the answer
   */
  public record Limits(int body, ErrorContent errors, Duration total) {
    /**
     * Bounds on an exchange in which the content of errors is of no use.
     *
     * @param body bytes of the answer's content
     * @param total for everything: addresses, connections, TLS, the answer
     */
    public Limits(int body, Duration total) {
      this(body, ErrorContent.SKIPPED, total);
    }

    /** Checks ranges. */
    public Limits {
      if (body < 0 || !total.isPositive()) {
        throw new IllegalArgumentException("a size and a positive time");
      }
    }
  }

  /**
   * A request without further fields: a POST where there is a content, else a GET.
   *
   * @param host the server
   * @param port 443 but in tests
   * @param path with its slash, as it goes on the wire
   * @param content sent by POST; empty: GET
   * @param certificate what to do with a certificate that does not verify
   * @param limits on the answer
   */
  public HttpsRequest(
      Domain host,
      int port,
      String path,
      Optional<RequestContent> content,
      CertificateUse certificate,
      Limits limits) {
    this(
        host,
        port,
        path,
        content.isPresent() ? Method.POST : Method.GET,
        List.of(),
        content,
        certificate,
        limits);
  }

  /** Checks what goes on the wire as it is. */
  public HttpsRequest {
    fields = List.copyOf(fields);
    if (content.isPresent() != (method == Method.POST)) {
      throw new IllegalArgumentException("a POST has a content, and nothing else has");
    }
    for (HttpField field : fields) {
      if (!HttpField.isValue(field.value()) || !field.name().matches("[A-Za-z0-9-]+")) {
        throw new IllegalArgumentException("not a field: " + field.name());
      }
    }
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

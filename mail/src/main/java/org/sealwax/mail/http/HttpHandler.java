package org.sealwax.mail.http;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Answers requests. */
@FunctionalInterface
public interface HttpHandler {
  /** The content of a request, which is read only when the handler wants it. */
  @FunctionalInterface
  interface RequestContent {
    /**
     * Reads it.
     *
     * @return the content; empty when the head announces none (RFC 9112 6.3: then there is none)
     * @throws MalformedHttp when its chunks cannot be read; the service answers that
     * @throws OversizedHttp when it is over the limit; the service answers that
     * @throws IOException when the connection fails
     */
    Optional<byte[]> read() throws IOException;
  }

  /**
   * Answers one request.
   *
   * @param request its head: exactly one Host (in HTTP/1.0 at most one), a target that is a path
   * @param content of the request
   * @return the reply
   * @throws IOException when the connection fails
   * @throws InterruptedException when the thread is interrupted
   */
  HttpReply answer(HttpRequest request, RequestContent content)
      throws IOException, InterruptedException;

  /**
   * {@return a handler of GET and HEAD, which reads no content}
   *
   * @param pages what is at a path
   */
  static HttpHandler readOnly(Function<String, HttpResponse> pages) {
    return (request, content) ->
        request.method().equals("GET") || request.method().equals("HEAD")
            ? pages.apply(request.path())
            : HttpResponse.text(405, "").with("Allow", "GET, HEAD");
  }

  /**
   * {@return a handler of a few finished pages}
   *
   * @param pages HTML by path, {@code /} among them
   */
  static HttpHandler pages(Map<String, String> pages) {
    Map<String, String> all = Map.copyOf(pages);
    return readOnly(
        path ->
            Optional.ofNullable(all.get(path))
                .map(page -> HttpResponse.html(200, page))
                .orElse(HttpResponse.text(404, "")));
  }
}

package org.sealwax.router.https;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpRequest;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.router.receive.ClientLimits;

/** Some pages of an HTTPS listener. Thread-safe. */
@FunctionalInterface
public interface HttpsEndpoint {
  /**
   * The connection of a request.
   *
   * @param client its address
   * @param serverName that the client asked for (SNI), in lower case; null for none
   * @param limits of the client
   */
  record HttpsVisit(InetAddress client, @Nullable String serverName, ClientLimits limits) {}

  /**
   * {@return the reply; empty: the request is about pages of another endpoint}
   *
   * @param request its head
   * @param content read only when it is wanted
   * @throws IOException when the connection fails
   */
  Optional<HttpResponse> answer(
      HttpsVisit visit, HttpRequest request, HttpHandler.RequestContent content)
      throws IOException, InterruptedException;
}

package org.sealwax.router.hosting;

import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpRequest;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.router.https.HttpsEndpoint;

/**
 * Serves the policies (RFC 8461 3.3): one path at each policy host, never a redirect.
 *
 * @param policies what is served at a policy host; empty: it is not one of our policy hosts
 */
public record PolicyPages(Function<Domain, Optional<HostedPage>> policies)
    implements HttpsEndpoint {
  /** RFC 8461 3.2. */
  private static final String PATH = "/.well-known/mta-sts.txt";

  /** Senders ask again after a failure (RFC 8461 3.3). */
  private static final String AGAIN = "300";

  /** What a policy host answers. */
  public sealed interface HostedPage {
    /**
     * A policy.
     *
     * @param text the file
     */
    record PolicyFile(String text) implements HostedPage {}

    /** There is no policy. */
    record NoPolicyFile() implements HostedPage {}

    /** The policy is not known now. */
    record PolicyNotKnown() implements HostedPage {}
  }

  @Override
  public Optional<HttpResponse> answer(
      HttpsVisit visit, HttpRequest request, HttpHandler.RequestContent content) {
    Optional<Domain> host = request.field("host").flatMap(PolicyPages::host);
    return host.isEmpty()
        ? Optional.empty()
        : policies
            .apply(host.get())
            .map(page -> reply(host.get(), visit.serverName(), request, page));
  }

  private static HttpResponse reply(
      Domain host, @Nullable String serverName, HttpRequest request, HostedPage page) {
    // The certificate that the client verified is that of the name in the handshake.
    if (serverName != null && !serverName.equals(host.name())) {
      return HttpResponse.text(421, "the handshake is for another host\n");
    }
    if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
      return HttpResponse.text(405, "use GET\n").with("Allow", "GET, HEAD");
    }
    if (!request.target().equals(PATH)) {
      return HttpResponse.text(404, "not found\n");
    }
    return switch (page) {
      case HostedPage.PolicyFile(String text) -> HttpResponse.text(200, text);
      case HostedPage.NoPolicyFile _ -> HttpResponse.text(404, "this domain has no policy\n");
      case HostedPage.PolicyNotKnown _ ->
          HttpResponse.text(503, "the policy is not known now\n").with("Retry-After", AGAIN);
    };
  }

  /** The host of a Host field (RFC 9110 7.2), whatever its port. */
  private static Optional<Domain> host(String field) {
    String name = field.replaceFirst(":[0-9]{1,5}$", "").toLowerCase(Locale.ROOT);
    return name.chars().allMatch(c -> c > 0x20 && c < 0x7f) ? Domain.ofDns(name) : Optional.empty();
  }
}

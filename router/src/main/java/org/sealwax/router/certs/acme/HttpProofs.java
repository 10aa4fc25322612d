package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.sealwax.mail.http.HttpField;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpService;

/**
 * Answers {@code http-01} (RFC 8555 8.3): text files with unpredictable names, while an order needs
 * them.
 */
public final class HttpProofs implements ProofPublisher {
  private static final String FOLDER = "/.well-known/acme-challenge/";

  private final Map<String, String> files = new ConcurrentHashMap<>();

  @Override
  public AcmeSettings.ChallengeType type() {
    return AcmeSettings.ChallengeType.HTTP_01;
  }

  @Override
  public PublishedProof publish(Proof proof) throws IOException {
    if (!(proof instanceof Proof.HttpFile(String token, String content))) {
      throw new IOException("not a proof of http-01");
    }
    files.put(token, content);
    return () -> files.remove(token);
  }

  /** {@return the service for port 80; everything else there is not found} */
  public HttpService service() {
    return new HttpService(HttpService.HttpLimits.SMALL, HttpHandler.readOnly(this::answer));
  }

  private HttpResponse answer(String path) {
    String content = path.startsWith(FOLDER) ? files.get(path.substring(FOLDER.length())) : null;
    return content == null
        ? HttpResponse.of(404, HttpResponse.TEXT, "not found\n")
        : new HttpResponse(
            200,
            List.of(new HttpField("Content-Type", "application/octet-stream")),
            content.getBytes(StandardCharsets.US_ASCII));
  }
}

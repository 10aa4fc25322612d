package org.sealwax.assess.review;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpsExchange;
import org.sealwax.mail.http.HttpsFailure;

/** Web servers as a test specifies. */
public final class TestWebServers {
  private TestWebServers() {}

  /** Answers everything with a status. */
  public static TlsRptReview.HttpsRequester answers(int status) {
    return request ->
        new HttpsExchange(
            request.host(),
            List.of(),
            null,
            null,
            new HttpResponse(status, List.of(), new byte[0]),
            null,
            Duration.ZERO);
  }

  /** Answers nothing. */
  public static TlsRptReview.HttpsRequester fails(HttpsFailure failure) {
    return request ->
        new HttpsExchange(request.host(), List.of(), null, null, null, failure, Duration.ZERO);
  }
}

package org.sealwax.assess.review;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.http.HttpReply;
import org.sealwax.mail.http.HttpsExchange;
import org.sealwax.mail.http.HttpsTrouble;

/** Web servers as a test says. */
public final class Webs {
  private Webs() {}

  /** Answers everything with a status. */
  public static ReportingReview.Web answers(int status) {
    return request ->
        new HttpsExchange(
            request.host(),
            List.of(),
            null,
            null,
            new HttpReply(status, List.of(), new byte[0]),
            null,
            Duration.ZERO);
  }

  /** Answers nothing. */
  public static ReportingReview.Web fails(HttpsTrouble trouble) {
    return request ->
        new HttpsExchange(request.host(), List.of(), null, null, null, trouble, Duration.ZERO);
  }
}

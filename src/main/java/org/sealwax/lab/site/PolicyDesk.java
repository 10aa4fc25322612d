package org.sealwax.lab.site;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.sealwax.lab.traps.PolicySite;
import org.sealwax.mail.net.Clock;

/** What a policy host answers (RFC 8461 3.2, 3.3). */
final class PolicyDesk implements HttpsHost.Desk {
  static final String PATH = "/.well-known/mta-sts.txt";

  private static final String ELSEWHERE = "/elsewhere/mta-sts.txt";

  /** RFC 8461 3.2 has no limit, section 3.3 suggests one of 64 kilobytes. */
  private static final int TOO_LARGE = 70_000;

  private static final Duration SLOW = Duration.ofMinutes(2);

  private final Place place;
  private final Clock clock;

  PolicyDesk(Place place, Clock clock) {
    this.place = place;
    this.clock = clock;
  }

  @Override
  public HttpsHost.Answer answer(HttpsHost.Request request) {
    HttpsHost.Answer answer = answer(request, place.now().policy());
    if (answer.status() == 200) {
      place.gavePolicy();
    }
    place
        .sighting()
        .add(
            new Event.Fetched(
                clock.now(), request.path(), request.serverName(), answer.status(), ""));
    return answer;
  }

  @Override
  public void broken(String why) {
    place.sighting().add(new Event.Fetched(clock.now(), "", null, 0, why));
  }

  private HttpsHost.Answer answer(HttpsHost.Request request, @Nullable PolicySite policy) {
    if (policy == null || !request.method().equals("GET")) {
      return HttpsHost.Answer.of(404, "text/plain", "nothing here\n");
    }
    String text = policy.body().apply(text(policy));
    if (request.path().equals(ELSEWHERE)) {
      return HttpsHost.Answer.of(200, "text/plain", text);
    }
    if (!request.path().equals(PATH)) {
      return HttpsHost.Answer.of(404, "text/plain", "nothing here\n");
    }
    return switch (policy.answer()) {
      case POLICY -> HttpsHost.Answer.of(200, "text/plain", text);
      case REDIRECT ->
          new HttpsHost.Answer(
              302,
              "Location: https://" + place.policyName() + ELSEWHERE + "\r\n",
              new byte[0],
              Duration.ZERO);
      case NOT_FOUND -> HttpsHost.Answer.of(404, "text/plain", text);
      case BROKEN -> HttpsHost.Answer.of(500, "text/plain", text);
      case WRONG_TYPE -> HttpsHost.Answer.of(200, "text/html", text);
      case TOO_LARGE ->
          HttpsHost.Answer.of(200, "text/plain", text + "x-filling: " + "x".repeat(TOO_LARGE));
      case SLOW ->
          new HttpsHost.Answer(
              200,
              "Content-Type: text/plain\r\n",
              text.getBytes(StandardCharsets.UTF_8),
              place.scaled(SLOW));
      case DOWN -> HttpsHost.Answer.of(503, "text/plain", "down\n");
    };
  }

  private String text(PolicySite policy) {
    List<String> patterns =
        policy.patterns().isEmpty()
            ? place.hosts().stream()
                .filter(h -> !h.now().preference().equals(OptionalInt.empty()))
                .map(Place.LiveHost::name)
                .toList()
            : policy.patterns().stream().map(p -> p.replace("{site}", place.origin())).toList();
    StringBuilder out = new StringBuilder("version: STSv1\r\nmode: " + policy.mode() + "\r\n");
    patterns.forEach(p -> out.append("mx: ").append(p).append("\r\n"));
    return out.append("max_age: ").append(policy.maxAge()).append("\r\n").toString();
  }
}

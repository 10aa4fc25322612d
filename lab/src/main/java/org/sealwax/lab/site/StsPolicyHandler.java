package org.sealwax.lab.site;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.sealwax.lab.traps.StsPublication;
import org.sealwax.mail.http.HttpField;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.net.Clock;

/** What a policy host answers (RFC 8461 3.2, 3.3). */
final class StsPolicyHandler implements PolicyHostServer.PolicyServerHandler {
  static final String PATH = "/.well-known/mta-sts.txt";

  private static final String REDIRECT_PATH = "/elsewhere/mta-sts.txt";

  /** RFC 8461 3.2 has no limit, section 3.3 suggests one of 64 kilobytes. */
  private static final int TOO_LARGE = 70_000;

  private static final Duration SLOW = Duration.ofMinutes(2);

  private final LiveSite site;
  private final Clock clock;

  StsPolicyHandler(LiveSite site, Clock clock) {
    this.site = site;
    this.clock = clock;
  }

  @Override
  public PolicyHostServer.PolicyServerResponse answer(
      PolicyHostServer.PolicyServerRequest request) {
    PolicyHostServer.PolicyServerResponse answer = answer(request, site.now().policy());
    if (answer.response().status() == 200) {
      site.policyServed();
    }
    site.sighting()
        .add(
            new TrapEvent.PolicyRequested(
                clock.now(),
                request.head().target(),
                request.serverName(),
                answer.response().status(),
                ""));
    return answer;
  }

  @Override
  public void connectionFailed(String why) {
    site.sighting().add(new TrapEvent.PolicyRequested(clock.now(), "", null, 0, why));
  }

  private PolicyHostServer.PolicyServerResponse answer(
      PolicyHostServer.PolicyServerRequest request, @Nullable StsPublication policy) {
    if (policy == null || !request.head().method().equals("GET")) {
      return PolicyHostServer.PolicyServerResponse.of(404, "text/plain", "not found\n");
    }
    String text = policy.body().apply(text(policy));
    if (request.head().target().equals(REDIRECT_PATH)) {
      return PolicyHostServer.PolicyServerResponse.of(200, "text/plain", text);
    }
    if (!request.head().target().equals(PATH)) {
      return PolicyHostServer.PolicyServerResponse.of(404, "text/plain", "not found\n");
    }
    return switch (policy.answer()) {
      case POLICY -> PolicyHostServer.PolicyServerResponse.of(200, "text/plain", text);
      case REDIRECT ->
          new PolicyHostServer.PolicyServerResponse(
              new HttpResponse(
                  302,
                  List.of(
                      new HttpField("Location", "https://" + site.policyName() + REDIRECT_PATH)),
                  new byte[0]),
              Duration.ZERO);
      case NOT_FOUND -> PolicyHostServer.PolicyServerResponse.of(404, "text/plain", text);
      case BROKEN -> PolicyHostServer.PolicyServerResponse.of(500, "text/plain", text);
      case WRONG_TYPE -> PolicyHostServer.PolicyServerResponse.of(200, "text/html", text);
      case TOO_LARGE ->
          PolicyHostServer.PolicyServerResponse.of(
              200, "text/plain", text + "x-filling: " + "x".repeat(TOO_LARGE));
      case SLOW ->
          new PolicyHostServer.PolicyServerResponse(
              HttpResponse.of(200, "text/plain", text), site.scaled(SLOW));
      case DOWN -> PolicyHostServer.PolicyServerResponse.of(503, "text/plain", "down\n");
    };
  }

  private String text(StsPublication policy) {
    List<String> patterns =
        policy.patterns().isEmpty()
            ? site.hosts().stream()
                .filter(h -> !h.now().preference().equals(OptionalInt.empty()))
                .map(LiveSite.LiveHost::name)
                .toList()
            : policy.patterns().stream().map(p -> p.replace("{site}", site.origin())).toList();
    StringBuilder out = new StringBuilder("version: STSv1\r\nmode: " + policy.mode() + "\r\n");
    patterns.forEach(p -> out.append("mx: ").append(p).append("\r\n"));
    return out.append("max_age: ").append(policy.maxAge()).append("\r\n").toString();
  }
}

package org.sealwax.lab.serve;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.sealwax.assess.render.Html;
import org.sealwax.mail.http.WebRequest;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** What browsers, and those who are none, send to the lab's pages. */
public final class ConsoleFuzzTargets {
  private ConsoleFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "web-request",
            input -> {
              switch (WebRequest.read(new ByteArrayInputStream(input))) {
                case WebRequest.ReadResult.BadRequest(int status) ->
                    holds(status == 0 || (status >= 400 && status < 500), "a client's mistake");
                case WebRequest.ReadResult.CompleteRequest(WebRequest request) -> {
                  holds(request.path().matches("/[!-~]*"), "a path");
                  holds(request.path().length() <= WebRequest.MAX_PATH, "a short one");
                  holds(request.body().length() <= WebRequest.MAX_BODY, "a short form");
                  request
                      .headers()
                      .keySet()
                      .forEach(n -> holds(n.equals(n.toLowerCase(Locale.ROOT)), "lower case"));
                  request.form().keySet().forEach(n -> holds(!n.isEmpty(), "a name"));
                }
              }
            },
            "GET /t/k7f2q9/r/e3?x=1 HTTP/1.1\r\nHost: lab.example\r\nAccept: text/html\r\n\r\n",
            "POST /tokens HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                + "Content-Length: 24\r\n\r\nrows=quick&family=ipv4%0",
            "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        FuzzTarget.ofTexts(
            "html",
            input -> {
              String out = Html.escape(new String(input, StandardCharsets.UTF_8));
              holds(
                  out.chars().noneMatch(c -> c == '<' || c == '>' || c == '"' || c == '\''),
                  "text only");
            },
            "<script>alert(1)</script>",
            "\u00e2\u0080\u00ae'\"&<>",
            "plain"));
  }
}

package org.sealwax.lab.site;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.http.HttpReader;
import org.sealwax.mail.http.HttpRequest;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.MalformedHttp;
import org.sealwax.mail.http.OversizedHttp;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.testkit.tls.OddTlsServer;
import org.sealwax.testkit.tls.OddTlsWire;

/** One exchange of HTTP/1.1 over TLS (RFC 9112), as small as a policy host needs it. */
final class PolicyHostServer {
  /** Bytes of a request's body: a TLS report (RFC 8460 5.3 has it compressed). */
  static final int MAX_BODY = 1 << 20;

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /**
   * A request.
   *
   * @param head its head
   * @param body what came with it
   * @param serverName SNI, or empty
   */
  record PolicyServerRequest(HttpRequest head, byte[] body, String serverName) {}

  /**
   * An answer.
   *
   * @param response the bytes on the wire
   * @param after how long it waits before the body
   */
  record PolicyServerResponse(HttpResponse response, Duration after) {
    static PolicyServerResponse of(int status, String type, String text) {
      return new PolicyServerResponse(HttpResponse.of(status, type, text), Duration.ZERO);
    }
  }

  /** States what to answer. */
  interface PolicyServerHandler {
    PolicyServerResponse answer(PolicyServerRequest request);

    /** No request was read. */
    default void connectionFailed(String why) {}
  }

  private PolicyHostServer() {}

  /** Takes one request and answers it; closes the wire. */
  static void serve(Wire clear, OddTlsServer tls, PolicyServerHandler handler) {
    try (Wire _ = clear) {
      clear.readTimeout(PATIENCE);
      OddTlsWire wire = tls.accept(clear, PATIENCE);
      String name = Optional.ofNullable(wire.negotiated().serverName()).orElse("");
      HttpReader reader = new HttpReader(wire.in(), MAX_BODY);
      HttpRequest head = reader.request();
      byte[] body = reader.content().orElse(new byte[0]);
      PolicyServerResponse answer = handler.answer(new PolicyServerRequest(head, body, name));
      answer.response().writeHead(wire.out(), List.of());
      if (answer.after().isPositive()) {
        Thread.sleep(answer.after());
      }
      wire.out().write(answer.response().body());
      wire.out().flush();
      wire.finish();
    } catch (TlsException e) {
      handler.connectionFailed(String.valueOf(e.getMessage()));
    } catch (MalformedHttp | OversizedHttp e) {
      handler.connectionFailed("no request was received");
    } catch (IOException e) {
      // The client closed the connection.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package org.sealwax.lab.site;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.testkit.tls.OddTlsServer;
import org.sealwax.testkit.tls.OddTlsWire;

/** One exchange of HTTP/1.1 over TLS (RFC 9112), as small as a policy host needs it. */
final class PolicyHostServer {
  /** Bytes of a request's head. */
  static final int MAX_HEAD = 16 * 1_024;

  /** Bytes of a request's body: a TLS report (RFC 8460 5.3 has it compressed). */
  static final int MAX_BODY = 1 << 20;

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /**
   * A request.
   *
   * @param method {@code GET}
   * @param path as asked for
   * @param body what came with it
   * @param serverName SNI, or empty
   */
  record PolicyServerRequest(String method, String path, byte[] body, String serverName) {}

  /**
   * An answer.
   *
   * @param status its code
   * @param headers lines with CRLF, without length
   * @param body its bytes
   * @param after how long it waits before the body
   */
  record PolicyServerResponse(int status, String headers, byte[] body, Duration after) {
    static PolicyServerResponse of(int status, String type, String text) {
      return new PolicyServerResponse(
          status,
          "Content-Type: " + type + "\r\n",
          text.getBytes(StandardCharsets.UTF_8),
          Duration.ZERO);
    }
  }

  /** Says what to answer. */
  interface PolicyServerHandler {
    PolicyServerResponse answer(PolicyServerRequest request);

    /** No request was read. */
    void connectionFailed(String why);
  }

  private PolicyHostServer() {}

  /** Takes one request and answers it; closes the wire. */
  static void serve(Wire clear, OddTlsServer tls, PolicyServerHandler handler) {
    try (Wire _ = clear) {
      clear.readTimeout(PATIENCE);
      OddTlsWire wire = tls.accept(clear, PATIENCE);
      String name = Optional.ofNullable(wire.negotiated().serverName()).orElse("");
      Optional<PolicyServerRequest> request = read(wire.in(), name);
      if (request.isEmpty()) {
        handler.connectionFailed("no request came");
        return;
      }
      PolicyServerResponse answer = handler.answer(request.get());
      String head =
          "HTTP/1.1 "
              + answer.status()
              + " as it is\r\nConnection: close\r\nContent-Length: "
              + answer.body().length
              + "\r\n"
              + answer.headers()
              + "\r\n";
      wire.out().write(head.getBytes(StandardCharsets.US_ASCII));
      wire.out().flush();
      if (answer.after().isPositive()) {
        Thread.sleep(answer.after());
      }
      wire.out().write(answer.body());
      wire.out().flush();
      wire.finish();
    } catch (TlsException e) {
      handler.connectionFailed(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      // The client closed the connection.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Optional<PolicyServerRequest> read(InputStream in, String serverName)
      throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int last = 0;
    while (last != 0x0d0a0d0a) {
      int octet = in.read();
      if (octet < 0 || head.size() >= MAX_HEAD) {
        return Optional.empty();
      }
      head.write(octet);
      last = last << 8 | octet;
    }
    String[] lines = head.toString(StandardCharsets.ISO_8859_1).split("\r\n", -1);
    String[] words = lines[0].split(" ", -1);
    if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
      return Optional.empty();
    }
    int length = 0;
    for (String line : lines) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        String value = lower.substring(15).strip();
        if (!value.matches("[0-9]{1,7}")) {
          return Optional.empty();
        }
        length = Integer.parseInt(value);
      }
    }
    if (length > MAX_BODY) {
      return Optional.empty();
    }
    return Optional.of(
        new PolicyServerRequest(words[0], words[1], in.readNBytes(length), serverName));
  }
}

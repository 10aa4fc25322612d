package org.sealwax.mail.http;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.sealwax.mail.net.AcceptLoop;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;

/**
 * HTTP without TLS for a few local readers: GET and HEAD, one request for each connection, nothing
 * read beyond its head. A connection has a total time, and there are few at once.
 */
public final class PlainHttpServer implements Closeable {
  /** From the connection to the last byte of the answer. */
  public static final Duration TOTAL = Duration.ofSeconds(10);

  /** Connections at once: monitors ask every few seconds. */
  public static final int CONNECTIONS = 32;

  private static final int BACKLOG = 16;

  private final ServerSocket server;
  private final Function<String, ResponseHead> answers;
  private final Duration total;
  private final Limit connections = Limit.of(CONNECTIONS);
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  /**
   * An answer.
   *
   * @param status of HTTP
   * @param type its media type
   * @param text the reason phrase
   */
  public record ResponseHead(int status, String type, String text) {
    static ResponseHead notFound(String text) {
      return new ResponseHead(404, WebResponse.TEXT, text);
    }
  }

  private PlainHttpServer(
      ServerSocket server, Function<String, ResponseHead> answers, Duration total) {
    this.server = server;
    this.answers = answers;
    this.total = total;
  }

  /**
   * Listens.
   *
   * @param address address and port to listen at
   * @param answers by path
   * @param total time of one connection
   * @param onProblem gets a sentence when accept fails
   * @return the running server
   * @throws IOException when the address is not available
   */
  public static PlainHttpServer start(
      InetSocketAddress address,
      Function<String, ResponseHead> answers,
      Duration total,
      Consumer<String> onProblem)
      throws IOException {
    ServerSocket socket = new ServerSocket();
    try {
      socket.setReuseAddress(true);
      socket.bind(address, BACKLOG);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
    PlainHttpServer server = new PlainHttpServer(socket, answers, total);
    var _ = AcceptLoop.start("http", socket::isClosed, socket::accept, server::accept, onProblem);
    return server;
  }

  /** {@return the address and port that it listens at} */
  public InetSocketAddress address() {
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  private void accept(Socket client) throws IOException {
    if (!connections.tryTake()) {
      client.close();
      return;
    }
    open.add(client);
    Threads.start(
        "http",
        () -> {
          try {
            serve(client);
          } finally {
            open.remove(client);
            connections.give();
          }
        });
  }

  private void serve(Socket client) {
    try (Wire wire = Wire.of(client);
        Deadline _ = Deadline.after(total, wire)) {
      switch (WebRequest.read(new BufferedInputStream(wire.in()))) {
        case WebRequest.ReadResult.BadRequest(int status) -> {
          if (status > 0) {
            write(wire.out(), new ResponseHead(status, WebResponse.TEXT, ""), false);
          }
        }
        case WebRequest.ReadResult.CompleteRequest(WebRequest request) -> {
          boolean head = request.method().equals("HEAD");
          ResponseHead answer =
              head || request.method().equals("GET")
                  ? answers.apply(request.path())
                  : new ResponseHead(405, WebResponse.TEXT, "");
          write(wire.out(), answer, head);
        }
      }
      wire.finish();
    } catch (IOException e) {
      // The client has closed the connection, or was too slow.
    }
  }

  private static void write(OutputStream out, ResponseHead answer, boolean head)
      throws IOException {
    byte[] body = answer.text().getBytes(StandardCharsets.UTF_8);
    String lines =
        "HTTP/1.1 "
            + answer.status()
            + " "
            + WebResponse.reason(answer.status())
            + "\r\nContent-Type: "
            + answer.type()
            + "\r\nContent-Length: "
            + body.length
            + "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
    out.write(lines.getBytes(StandardCharsets.US_ASCII));
    if (!head) {
      out.write(body);
    }
    out.flush();
  }

  /** Ends at once. */
  @Override
  public void close() throws IOException {
    server.close();
    for (Socket client : open) {
      client.close();
    }
  }
}

package org.sealwax.router.policyd;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.net.AcceptLoop;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;

/**
 * Serves the tables: netstring in, netstring out, as often as the client likes
 * (socketmap_table(5)). One virtual thread for each connection. A client that sends invalid input
 * loses its own connection only.
 */
public final class SocketmapServer implements Closeable {
  /**
   * Bytes of a request: a table, a space, the longest key, and more, so that errors can be
   * reported.
   */
  static final int MAX_REQUEST = 1_000;

  /** Connections at a time: Postfix has 100 delivery agents of a kind by default. */
  static final int MAX_CLIENTS = 500;

  /** Postfix's client gives up after 100 seconds, and defers without our reason. */
  static final Duration ANSWER = Duration.ofSeconds(90);

  /** How long a connection may be idle; Postfix's agents themselves end after minutes. */
  private static final Duration IDLE = Duration.ofHours(1);

  private static final int BACKLOG = 128;

  /** Answers a request. */
  interface SocketmapHandler {
    /** What to reply. */
    SocketmapReply answer(String request) throws InterruptedException;
  }

  private final ServerSocketChannel server;
  private final SocketmapEndpoint endpoint;
  private final SocketmapHandler handler;
  private final MailLog log;
  private final Duration longest;
  private final Counters counters;
  private final Limit clients = Limit.of(MAX_CLIENTS);
  private final Set<Wire> open = ConcurrentHashMap.newKeySet();

  private SocketmapServer(
      ServerSocketChannel server,
      SocketmapEndpoint endpoint,
      SocketmapHandler handler,
      MailLog log,
      Duration longest,
      Counters counters) {
    this.server = server;
    this.endpoint = endpoint;
    this.handler = handler;
    this.log = log;
    this.longest = longest;
    this.counters = counters;
  }

  /**
   * Listens and serves.
   *
   * @param table asked for each request, so that it can be changed while connections are open
   * @param counters count each answer
   * @throws IOException when it cannot listen there
   */
  public static SocketmapServer start(
      SocketmapEndpoint endpoint, Supplier<TlsPolicyTable> table, MailLog log, Counters counters)
      throws IOException {
    SocketmapServer server =
        start(endpoint, request -> table.get().answer(request), log, ANSWER, counters);
    counters.gauge(
        "sealwax_policyd_connections", "Current connections of Postfix", server.clients::taken);
    return server;
  }

  static SocketmapServer start(
      SocketmapEndpoint endpoint, SocketmapHandler handler, MailLog log, Duration longest)
      throws IOException {
    return start(endpoint, handler, log, longest, new Counters());
  }

  private static SocketmapServer start(
      SocketmapEndpoint endpoint,
      SocketmapHandler handler,
      MailLog log,
      Duration longest,
      Counters counters)
      throws IOException {
    ServerSocketChannel server =
        switch (endpoint) {
          case SocketmapEndpoint.Tcp t -> ServerSocketChannel.open();
          case SocketmapEndpoint.Unix u -> ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        };
    try {
      switch (endpoint) {
        case SocketmapEndpoint.Tcp t -> server.bind(t.address(), BACKLOG);
        case SocketmapEndpoint.Unix u -> {
          Files.deleteIfExists(u.path());
          server.bind(UnixDomainSocketAddress.of(u.path()), BACKLOG);
          // Postfix runs as another user: the permissions of the folder decide who may connect.
          Files.setPosixFilePermissions(u.path(), PosixFilePermissions.fromString("rw-rw-rw-"));
        }
      }
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
    SocketmapServer running =
        new SocketmapServer(server, endpoint, handler, log, longest, counters);
    var _ =
        AcceptLoop.start(
            "policyd",
            () -> !server.isOpen(),
            server::accept,
            running::take,
            text -> log.warning("policyd", text));
    return running;
  }

  /** Where it listens: the port that the system chose when 0 was asked for. */
  public String boundAddress() throws IOException {
    SocketAddress at = server.getLocalAddress();
    return at instanceof InetSocketAddress tcp ? "inet:" + AddressText.of(tcp) : "unix:" + at;
  }

  private void take(SocketChannel client) throws IOException {
    if (!clients.tryTake()) {
      client.close();
      log.warning("policyd", "more than " + MAX_CLIENTS + " connections: one was closed");
      return;
    }
    var _ = Threads.start("policyd", () -> serve(client));
  }

  private void serve(SocketChannel client) {
    try (Wire wire =
        switch (endpoint) {
          case SocketmapEndpoint.Tcp t -> Wire.of(client.socket());
          case SocketmapEndpoint.Unix u -> Wire.of(client);
        }) {
      open.add(wire);
      try {
        converse(wire);
      } finally {
        open.remove(wire);
      }
    } catch (IOException e) {
      // The client closed the connection, or does not speak this protocol.
    } finally {
      clients.give();
    }
  }

  private void converse(Wire wire) throws IOException {
    wire.readTimeout(IDLE);
    BufferedInputStream in = new BufferedInputStream(wire.in(), 2 * MAX_REQUEST);
    for (Optional<byte[]> request = Netstring.read(in, MAX_REQUEST);
        request.isPresent();
        request = Netstring.read(in, MAX_REQUEST)) {
      String text = new String(request.get(), StandardCharsets.UTF_8);
      SocketmapReply answer = answer(text);
      counters
          .count(
              "sealwax_policyd_answers_total",
              "Answers to Postfix, by level or other result",
              "answer",
              answer.word())
          .increment();
      if (answer instanceof SocketmapReply.Temporary || answer instanceof SocketmapReply.TimedOut) {
        log.note("policyd", printable(text) + ": " + answer.text());
      }
      Netstring.write(wire.out(), answer.bytes());
    }
  }

  /** Within the time that the client waits. */
  private SocketmapReply answer(String request) {
    FutureTask<SocketmapReply> task = new FutureTask<>(() -> handler.answer(request));
    Thread thread = Threads.start("policyd answer", task);
    try {
      return task.get(longest.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      thread.interrupt();
      return new SocketmapReply.TimedOut("no answer within " + longest.toSeconds() + " s");
    } catch (ExecutionException e) {
      log.bug("policyd", e.getCause() == null ? e : e.getCause());
      return new SocketmapReply.Temporary("internal error of Sealwax; see its log");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new SocketmapReply.Temporary("stopping");
    }
  }

  private static String printable(String text) {
    return text.replaceAll("[^ -~]", "?");
  }

  /** Ends listening and all connections; removes the Unix socket. */
  @Override
  public void close() throws IOException {
    server.close();
    for (Wire wire : open) {
      wire.close();
    }
    if (endpoint instanceof SocketmapEndpoint.Unix u) {
      Files.deleteIfExists(u.path());
    }
  }
}

package org.sealwax.mail.http;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.sealwax.mail.net.AcceptLoop;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;

/** Listens for an {@link HttpService} at an address of its own; connections at once are limited. */
public final class HttpServer implements Closeable {
  /** Connections at once to a small endpoint: monitors ask every few seconds. */
  public static final int CONNECTIONS = 32;

  private static final int BACKLOG = 20;

  private final ServerSocket server;
  private final Limit connections;
  private final Set<Wire> open = ConcurrentHashMap.newKeySet();

  /** Serves one connection. */
  @FunctionalInterface
  public interface ConnectionHandler {
    /**
     * Serves it, on a thread of its own.
     *
     * @param wire closed afterwards
     * @throws IOException when the client has gone, or is too slow
     * @throws InterruptedException when the thread is interrupted
     */
    void serve(Wire wire) throws IOException, InterruptedException;
  }

  private HttpServer(ServerSocket server, int connections) {
    this.server = server;
    this.connections = Limit.of(connections);
  }

  /**
   * Listens.
   *
   * @param name of the threads
   * @param address address and port to listen at; port 0: a free one
   * @param connections at once; more are closed at once
   * @param handler of each connection: TLS and further limits, or {@code service::serve}
   * @param onProblem gets a sentence when accept fails
   * @return the running server
   * @throws IOException when the address is not available
   */
  public static HttpServer start(
      String name,
      InetSocketAddress address,
      int connections,
      ConnectionHandler handler,
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
    HttpServer server = new HttpServer(socket, connections);
    var _ =
        AcceptLoop.start(
            name,
            socket::isClosed,
            socket::accept,
            client -> server.accept(name, client, handler),
            onProblem);
    return server;
  }

  /** {@return the address and port that it listens at} */
  public InetSocketAddress address() {
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  private void accept(String name, Socket client, ConnectionHandler handler) throws IOException {
    if (connections.tryTake()) {
      var _ = Threads.start(name, () -> serve(client, handler));
    } else {
      client.close();
    }
  }

  private void serve(Socket client, ConnectionHandler handler) {
    try (Wire wire = Wire.of(client)) {
      open.add(wire);
      try {
        if (!server.isClosed()) {
          handler.serve(wire);
        }
      } finally {
        open.remove(wire);
      }
    } catch (IOException e) {
      // The client closed the connection, or was too slow.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      connections.give();
    }
  }

  /** Ends listening and all connections at once. */
  @Override
  public void close() throws IOException {
    server.close();
    for (Wire client : open) {
      client.close();
    }
  }
}

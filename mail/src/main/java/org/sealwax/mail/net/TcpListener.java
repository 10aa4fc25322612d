package org.sealwax.mail.net;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * One address that accepts connections, gives each a thread, and takes only those that its gate
 * lets in: the others are closed at once and cost a moment. For our HTTP endpoints, and for the
 * servers of the lab.
 */
public final class TcpListener implements Closeable {
  /** Wakes the thread that waits in accept, so that the system frees the port. */
  private static final Duration END = Duration.ofSeconds(2);

  private final ServerSocket server;
  private final ClientGate gate;
  private final Set<Wire> open = ConcurrentHashMap.newKeySet();
  private final Thread thread;

  /** How many connections there may be, of all clients or of one. Thread-safe. */
  public interface ClientGate {
    /**
     * Whether one more connection may come in; one that may must {@link #leave}. Must not wait.
     *
     * @param client the address that it comes from
     * @return whether it is served
     */
    boolean enter(InetAddress client);

    /**
     * A connection has ended.
     *
     * @param client the address that it came from
     */
    void leave(InetAddress client);

    /**
     * {@return a gate that does not distinguish clients}
     *
     * @param most concurrent connections
     */
    static ClientGate of(int most) {
      Limit limit = Limit.of(most);
      return new ClientGate() {
        @Override
        public boolean enter(InetAddress client) {
          return limit.tryTake();
        }

        @Override
        public void leave(InetAddress client) {
          limit.give();
        }
      };
    }
  }

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

  private TcpListener(
      String name,
      ServerSocket server,
      ClientGate gate,
      ConnectionHandler handler,
      Consumer<String> onProblem) {
    this.server = server;
    this.gate = gate;
    this.thread =
        AcceptLoop.start(
            name,
            server::isClosed,
            server::accept,
            socket -> accept(name, socket, handler),
            onProblem);
  }

  /**
   * Listens.
   *
   * @param name of the threads
   * @param address address and port to listen at; port 0: a free one
   * @param backlog connections that the system holds until they are accepted
   * @param gate which connections are served
   * @param handler serves each
   * @param onProblem gets a sentence when accept fails
   * @return the running listener
   * @throws IOException when the address or port is not available
   */
  public static TcpListener start(
      String name,
      InetSocketAddress address,
      int backlog,
      ClientGate gate,
      ConnectionHandler handler,
      Consumer<String> onProblem)
      throws IOException {
    ServerSocket server = new ServerSocket();
    try {
      server.setReuseAddress(true);
      server.bind(address, backlog);
    } catch (IOException e) {
      server.close();
      throw e;
    }
    return new TcpListener(name, server, gate, handler, onProblem);
  }

  /** {@return the address and port that it listens at} */
  public InetSocketAddress address() {
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  private void accept(String name, Socket socket, ConnectionHandler handler) throws IOException {
    if (gate.enter(socket.getInetAddress())) {
      var _ = Threads.start(name, () -> serve(socket, handler));
    } else {
      socket.close();
    }
  }

  private void serve(Socket socket, ConnectionHandler handler) {
    InetAddress client = socket.getInetAddress();
    try (socket;
        Wire wire = Wire.of(socket)) {
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
      gate.leave(client);
    }
  }

  /**
   * Ends listening and all connections at once. The port is free then: the system keeps it until
   * the thread that waits in accept has woken.
   */
  @Override
  public void close() throws IOException {
    server.close();
    for (Wire each : open) {
      each.close();
    }
    try {
      thread.join(END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

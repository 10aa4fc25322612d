package org.sealwax.lab;

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
import org.sealwax.world.Deadline;
import org.sealwax.world.Limit;
import org.sealwax.world.Threads;
import org.sealwax.world.Wire;

/** The listening sockets of one token and the conversations behind them, with their limits. */
final class Doors implements Closeable {
  /** Conversations at once. */
  static final int MAX_CONVERSATIONS = 4_000;

  /** The whole life of a connection: what is slow on purpose takes ten minutes at most. */
  private static final Duration LIFE = Duration.ofMinutes(20);

  /** Connections not yet accepted: a burst of a thousand must not see a refusal. */
  private static final int BACKLOG = 1_024;

  private final Limit conversations = Limit.of(MAX_CONVERSATIONS);
  private final Set<Closeable> open = ConcurrentHashMap.newKeySet();

  /**
   * Listens; each connection is handed to {@code owner} in a thread of its own.
   *
   * @throws IOException when the address or port is not to be had
   */
  void open(InetAddress at, int port, Consumer<Wire> owner) throws IOException {
    ServerSocket door = new ServerSocket();
    try {
      door.setReuseAddress(true);
      door.bind(new InetSocketAddress(at, port), BACKLOG);
    } catch (IOException e) {
      door.close();
      throw new IOException(
          "cannot listen at " + at.getHostAddress() + " port " + port + ": " + e.getMessage(), e);
    }
    open.add(door);
    Threads.start("lab-door", () -> accept(door, owner));
  }

  private void accept(ServerSocket door, Consumer<Wire> owner) {
    while (!door.isClosed()) {
      try {
        Socket socket = door.accept();
        if (!conversations.tryTake()) {
          socket.close();
          continue;
        }
        Threads.start("lab-conversation", () -> own(socket, owner));
      } catch (IOException e) {
        // Closed, or a client that went before it came: the loop condition tells.
      }
    }
  }

  private void own(Socket socket, Consumer<Wire> owner) {
    open.add(socket);
    try (socket;
        Deadline _ = Deadline.after(LIFE, socket)) {
      owner.accept(Wire.of(socket));
    } catch (IOException e) {
      // It ended before it began.
    } finally {
      open.remove(socket);
      conversations.give();
    }
  }

  @Override
  public void close() throws IOException {
    for (Closeable each : open) {
      each.close();
    }
  }
}

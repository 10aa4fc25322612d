package org.sealwax.router.receive;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.AcceptLoop;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.ReplyWriter;
import org.sealwax.mail.smtp.session.ServerLoop;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.router.receive.SessionLimit.SessionMemory;

/**
 * One listener: accepts connections, and gives each a virtual thread and a {@link ServerSession}.
 * When all sessions of the process are taken, one client waits here and the others in the kernel's
 * backlog, where they cost us nothing.
 */
public final class Listener implements AutoCloseable {
  /** Time that a client has to read that it is turned away. */
  private static final Duration TURN_AWAY = Duration.ofSeconds(5);

  private static final AtomicLong SESSIONS = new AtomicLong();

  private final ListenerSettings settings;
  private final SmtpServer server;
  private final @Nullable TlsServer tls;
  private final ListeningSocket listeningSocket;
  private final SessionLimit.ListenerShare sessions;
  private final Map<String, Integer> perUser = new HashMap<>();
  private final Set<ServerLoop> open = ConcurrentHashMap.newKeySet();
  private final String sessionPrefix;
  private volatile boolean stopped;
  private volatile boolean ending;

  /** A socket that accepts connections. */
  private interface ListeningSocket extends AutoCloseable {
    AcceptedConnection accept() throws IOException;

    @Override
    void close() throws IOException;
  }

  /**
   * A connection.
   *
   * @param user of this machine who connected through a Unix socket; empty over TCP
   */
  private record AcceptedConnection(Wire wire, String user) {}

  private Listener(
      ListenerSettings settings,
      SmtpServer server,
      @Nullable TlsServer tls,
      ListeningSocket socket) {
    this.settings = settings;
    this.server = server;
    this.tls = tls;
    this.listeningSocket = socket;
    this.sessions = server.sessions().newShare(settings.sessions());
    // Sorts by start of the process, so that a session's name is unique over restarts.
    this.sessionPrefix = Long.toString(server.clock().now().getEpochSecond(), 36);
  }

  /**
   * Binds and starts to accept.
   *
   * @param tls for STARTTLS and implicit TLS; null when the listener has none
   * @throws IOException when the place is taken or not allowed
   */
  static Listener start(ListenerSettings settings, SmtpServer server, @Nullable TlsServer tls)
      throws IOException {
    boolean needsTls = settings.encryption() != ListenerSettings.ListenerTlsMode.NONE;
    if (needsTls && tls == null) {
      throw new IllegalArgumentException("listener " + settings.name() + " needs TLS");
    }
    ListeningSocket socket =
        switch (settings.place()) {
          case ListenerSettings.ListenAddress.Tcp tcp ->
              TcpListeningSocket.open(tcp.address(), settings.backlog());
          case ListenerSettings.ListenAddress.Unix unix ->
              UnixListeningSocket.open(unix.path(), settings.backlog());
        };
    boolean encrypts = needsTls && socket instanceof TcpListeningSocket;
    Listener listener = new Listener(settings, server, encrypts ? tls : null, socket);
    listener.start();
    return listener;
  }

  private record TcpListeningSocket(ServerSocket socket) implements ListeningSocket {
    static TcpListeningSocket open(InetSocketAddress address, int backlog) throws IOException {
      ServerSocket socket = new ServerSocket();
      try {
        socket.setReuseAddress(true);
        socket.bind(address, backlog);
      } catch (IOException e) {
        socket.close();
        throw e;
      }
      return new TcpListeningSocket(socket);
    }

    @Override
    public AcceptedConnection accept() throws IOException {
      Socket client = socket.accept();
      try {
        return new AcceptedConnection(Wire.of(client), "");
      } catch (IOException e) {
        client.close();
        throw e;
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private record UnixListeningSocket(ServerSocketChannel channel, Path path)
      implements ListeningSocket {
    static UnixListeningSocket open(Path path, int backlog) throws IOException {
      Files.deleteIfExists(path);
      ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.bind(UnixDomainSocketAddress.of(path), backlog);
        // Every program of this machine may hand in mail; the folder's mode narrows that.
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
      } catch (IOException e) {
        channel.close();
        throw e;
      }
      return new UnixListeningSocket(channel, path);
    }

    @Override
    public AcceptedConnection accept() throws IOException {
      SocketChannel client = channel.accept();
      try {
        String user = client.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
        return new AcceptedConnection(Wire.of(client), user);
      } catch (IOException | UnsupportedOperationException e) {
        client.close();
        throw new IOException("the local user of the peer cannot be determined", e);
      }
    }

    @Override
    public void close() throws IOException {
      channel.close();
      Files.deleteIfExists(path);
    }
  }

  /** Where it listens; the port is the real one. Empty of meaning for a Unix socket. */
  public InetSocketAddress address() {
    return listeningSocket instanceof TcpListeningSocket tcp
        ? (InetSocketAddress) tcp.socket().getLocalSocketAddress()
        : new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  /** Sessions now. */
  public int sessions() {
    return sessions.sessions();
  }

  private void start() {
    var _ =
        AcceptLoop.start(
            "listener-" + settings.name(),
            () -> stopped,
            this::next,
            arrival -> Threads.start("session", () -> receive(arrival)),
            text -> server.log().warning("receive", settings.name() + ": " + text));
  }

  private AcceptedConnection next() throws IOException, InterruptedException {
    AcceptedConnection arrival = listeningSocket.accept();
    if (!sessions.take()) {
      arrival.wire().close();
      throw new SocketException("closed");
    }
    return arrival;
  }

  private void receive(AcceptedConnection arrival) {
    Wire wire = arrival.wire();
    boolean local = !arrival.user().isEmpty();
    try (SessionMemory memory = server.sessions().memory(local)) {
      String limit = local ? enter(arrival.user()) : server.limits().enter(client(wire));
      if (!limit.isEmpty()) {
        turnAway(wire, limit);
        return;
      }
      try {
        converse(wire, local, memory);
      } finally {
        if (local) {
          leave(arrival.user());
        } else {
          server.limits().leave(client(wire));
        }
      }
    } catch (RuntimeException | Error e) {
      // The session boundary: the client has had its 421, and keeps its mail.
      server.log().bug("session of listener " + settings.name(), e);
    } finally {
      closeQuietly(wire);
      sessions.give();
    }
  }

  private static InetAddress client(Wire wire) {
    return wire.peer().getAddress();
  }

  /** One user of this machine has half of the sessions at most: a script must not stop cron. */
  private String enter(String user) {
    synchronized (perUser) {
      int others = perUser.getOrDefault(user, 0);
      if (others >= Math.max(1, settings.sessions() / 2)) {
        return "sessions of this user";
      }
      perUser.put(user, others + 1);
      return "";
    }
  }

  private void leave(String user) {
    synchronized (perUser) {
      perUser.computeIfPresent(user, (u, count) -> count > 1 ? count - 1 : null);
    }
  }

  private void converse(Wire wire, boolean local, SessionMemory memory) {
    if (!memory.tryTake(SessionLimit.SESSION)) {
      turnAway(wire, "sessions for the memory of this server");
      return;
    }
    ReceiveConfiguration configuration = server.configuration();
    String name = sessionPrefix + "-" + Long.toString(SESSIONS.incrementAndGet(), 36);
    ClientState client = server.client(name, wire.peer(), local, configuration);
    ServerSession session =
        new ServerSession(
            server, configuration, settings, tls, wire.local().getAddress(), client, memory);
    long began = server.clock().nanoTime();
    server.log().connected(name, settings.name(), wire.peer());
    try {
      Wire talk = wire;
      TlsServer encryption = tls;
      if (encryption != null
          && settings.encryption() == ListenerSettings.ListenerTlsMode.IMPLICIT) {
        TlsWire encrypted = implicit(wire, encryption, session, memory);
        if (encrypted == null) {
          return;
        }
        talk = encrypted;
      }
      ServerLoop loop = new ServerLoop(talk, session, settings.dialogue(), server.clock());
      open.add(loop);
      try {
        if (ending) {
          loop.endSoon();
        }
        var _ = loop.run();
      } finally {
        open.remove(loop);
      }
    } finally {
      session.ended();
      client.name.end();
      server
          .log()
          .disconnected(
              name,
              wire.peer(),
              session.accepted(),
              session.refused(),
              Duration.ofNanos(server.clock().nanoTime() - began));
    }
  }

  private @Nullable TlsWire implicit(
      Wire wire, TlsServer encryption, ServerSession session, SessionMemory memory) {
    if (!server.limits().count(wire.peer().getAddress(), ClientLimits.ClientRate.HANDSHAKES)) {
      server.log().turnedAway(wire.peer(), ClientLimits.ClientRate.HANDSHAKES.text());
      return null;
    }
    if (!memory.tryTake(SessionMemory.TLS)) {
      server.log().turnedAway(wire.peer(), "sessions for the memory of this server");
      return null;
    }
    try {
      TlsWire encrypted = encryption.accept(wire, settings.handshake());
      session.handshake(encrypted.handshake());
      return encrypted;
    } catch (TlsException failure) {
      session.handshakeFailed(failure);
      return null;
    }
  }

  private void turnAway(Wire wire, String limit) {
    server.log().turnedAway(wire.peer(), limit);
    if (settings.encryption() == ListenerSettings.ListenerTlsMode.IMPLICIT) {
      return; // a handshake is what the limit is to save
    }
    ReplyWriter reply = new ReplyWriter();
    reply.append(
        Reply.of("421 4.7.0 " + server.configuration().settings().host() + " too many " + limit));
    try (Deadline _ = Deadline.after(TURN_AWAY, wire)) {
      reply.drainTo(wire.out());
    } catch (IOException e) {
      // It is gone already, which is what was wanted.
    }
  }

  /** Stops accepting; sessions go on. */
  public void stopAccepting() {
    stopped = true;
    sessions.close();
    try {
      listeningSocket.close();
    } catch (IOException e) {
      server.log().warning("receive", settings.name() + ": closing failed: " + FailureText.of(e));
    }
  }

  /**
   * Stops accepting, sends idle sessions 421, and lets current messages finish.
   *
   * @param grace how long to wait for them
   * @return whether all ended in that time
   */
  public boolean drain(Duration grace) throws InterruptedException {
    stopAccepting();
    ending = true;
    open.forEach(ServerLoop::endSoon);
    return sessions.awaitEnd(grace.toNanos());
  }

  /** Stops accepting and ends all sessions soon; does not wait. */
  @Override
  public void close() {
    stopAccepting();
    ending = true;
    open.forEach(ServerLoop::endSoon);
  }

  private static void closeQuietly(Wire wire) {
    try {
      wire.close();
    } catch (IOException e) {
      // It was to end, and it has ended.
    }
  }
}

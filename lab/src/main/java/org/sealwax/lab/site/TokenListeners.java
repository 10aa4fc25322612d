package org.sealwax.lab.site;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.ConnectionLimiter;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;

/** The listening sockets of one token and their sessions, with their limits. */
public final class TokenListeners implements Closeable {
  /** Concurrent sessions. */
  static final int MAX_CONVERSATIONS = 4_000;

  /** The whole life of a connection: what is slow on purpose takes ten minutes at most. */
  private static final Duration LIFE = Duration.ofMinutes(20);

  /** Connections not yet accepted: a burst of a thousand must not be refused. */
  private static final int BACKLOG = 1_024;

  /** More connections than a machine can make in a minute. */
  private static final int ANY_PER_MINUTE = 10_000_000;

  private final ConnectionLimiter limiter;
  private final Optional<SniDispatcher> names;
  private final Set<Closeable> open = ConcurrentHashMap.newKeySet();

  /** Listeners of a private lab: a limit in all, none for each source. */
  TokenListeners() {
    this(
        new ConnectionLimiter(MAX_CONVERSATIONS, MAX_CONVERSATIONS, ANY_PER_MINUTE, Clock.system()),
        Optional.empty());
  }

  /**
   * @param limiter decides which connections are allowed
   * @param names where HTTPS hosts are that share addresses; empty: each has one of its own
   */
  public TokenListeners(ConnectionLimiter limiter, Optional<SniDispatcher> names) {
    this.limiter = limiter;
    this.names = names;
  }

  /**
   * Listens; each connection is handed to {@code owner} in a thread of its own.
   *
   * @throws IOException when the address or port is not available
   */
  public void open(InetAddress at, int port, Consumer<Wire> owner) throws IOException {
    try {
      open.add(
          TcpListener.start(
              "lab-conversation",
              new InetSocketAddress(at, port),
              BACKLOG,
              limiter,
              wire -> own(wire, owner),
              text -> {
                // Traps have no log: a client that cannot connect shows in its sightings.
              }));
    } catch (IOException e) {
      throw new IOException(
          "cannot listen at " + AddressText.of(at) + " port " + port + ": " + FailureText.of(e), e);
    }
  }

  /**
   * Lets an HTTPS host be found by its name, or at its own addresses.
   *
   * @throws IOException when an address or port is not available
   */
  void open(String name, List<InetAddress> at, int port, Consumer<Wire> owner) throws IOException {
    if (names.isPresent()) {
      open.add(names.get().put(name, owner));
      return;
    }
    for (InetAddress address : at) {
      open(address, port, owner);
    }
  }

  private static void own(Wire wire, Consumer<Wire> owner) {
    try (Deadline _ = Deadline.after(LIFE, wire)) {
      owner.accept(wire);
    }
  }

  /** Ends all of it. Addresses and ports are free then, to be lent to the next. */
  @Override
  public void close() throws IOException {
    for (Closeable each : open) {
      each.close();
    }
  }
}

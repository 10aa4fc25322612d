package org.sealwax.testkit.zone;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Zones that are served over UDP and TCP, on one port each, and may be changed meanwhile; the
 * sockets, the accept loops and their limits. What a query gets is the subclass's. Thread-safe.
 */
public abstract sealed class ZoneServer implements Closeable
    permits AuthoritativeServer, LoopbackResolver {
  /** Concurrent TCP connections, over all addresses of a server. */
  static final int MAX_CONNECTIONS = 256;

  /** What a client without EDNS can take over UDP (RFC 1035 2.3.4). */
  static final int PLAIN_UDP = 512;

  /** Largest UDP answer whatever is offered: unfragmented everywhere. */
  static final int LARGEST_UDP = 1232;

  /** Ports tried until one is free on both UDP and TCP. */
  private static final int PORT_TRIES = 50;

  /**
   * One question as it came in.
   *
   * @param name in lower case, without the last dot
   * @param type its mnemonic, {@code TLSA}
   * @param dnssecOk whether DO was set (RFC 3225)
   * @param checkingDisabled whether CD was set (RFC 4035 3.2.2)
   * @param stream whether it came over TCP
   * @param from address of the client
   */
  public record ReceivedQuery(
      String name,
      String type,
      boolean dnssecOk,
      boolean checkingDisabled,
      boolean stream,
      InetAddress from) {}

  /**
   * What a server takes from its clients.
   *
   * @param connectionsEach concurrent TCP connections of one network
   * @param connectionTime whole life of a TCP connection
   * @param queryBytes of one query; longer ones get no answer
   */
  record ClientLimits(int connectionsEach, Duration connectionTime, int queryBytes) {}

  private record DnsSockets(DatagramSocket udp, TcpListener tcp) {}

  final ZoneSet zones;
  final ZoneAnswerBuilder answerBuilder;
  private final ClientLimits limits;
  private final List<DnsSockets> sockets = new ArrayList<>();
  private final Limit connections = Limit.of(MAX_CONNECTIONS);
  private final Map<String, Integer> connectionsOf = new HashMap<>();
  private volatile Consumer<ReceivedQuery> watcher = asked -> {};

  /**
   * Without sockets.
   *
   * @param rooted whether there is a default signed root
   * @param servers the name servers of every zone that names none
   */
  ZoneServer(Clock clock, boolean rooted, List<Name> servers, ClientLimits limits) {
    this.zones = new ZoneSet(clock, rooted, servers);
    this.answerBuilder = new ZoneAnswerBuilder(zones);
    this.limits = limits;
  }

  /**
   * One query, one answer.
   *
   * @param bytes as they came; anything
   * @param stream whether it came over TCP
   * @return empty when there is to be none
   */
  abstract Optional<byte[]> answer(byte[] bytes, InetAddress from, boolean stream);

  /**
   * Listens at these addresses.
   *
   * @param name of the threads
   * @param at with port 0 for a free one
   * @throws IOException when an address or port is not available; nothing stays open then
   */
  final void listen(String name, List<InetSocketAddress> at) throws IOException {
    try {
      for (InetSocketAddress each : at) {
        DnsSockets opened = openSockets(name, each);
        sockets.add(opened);
        var _ =
            Supervisor.start(
                name + "-udp", opened.udp()::isClosed, () -> answerDatagrams(opened.udp()));
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private DnsSockets openSockets(String name, InetSocketAddress at) throws IOException {
    IOException last = new IOException("no port tried");
    for (int i = 0; i < (at.getPort() == 0 ? PORT_TRIES : 1); i++) {
      TcpListener tcp = null;
      try {
        tcp =
            TcpListener.start(
                name + "-tcp",
                at,
                MAX_CONNECTIONS,
                new NetworkGate(),
                this::converse,
                text -> {
                  // No log here: the resolver gets no answer, and tries again.
                });
        return new DnsSockets(new DatagramSocket(tcp.address().getPort(), at.getAddress()), tcp);
      } catch (IOException e) {
        if (tcp != null) {
          tcp.close();
        }
        last =
            new IOException(
                "cannot listen for DNS at "
                    + at.getAddress().getHostAddress()
                    + " port "
                    + at.getPort()
                    + ": "
                    + FailureText.of(e),
                e);
      }
    }
    throw last;
  }

  /** Where it listens. */
  public final List<InetSocketAddress> addresses() {
    return sockets.stream()
        .map(d -> new InetSocketAddress(d.udp().getLocalAddress(), d.udp().getLocalPort()))
        .toList();
  }

  /**
   * Serves these zones too; those that are there already stay as they are, but for their
   * delegations.
   *
   * @throws IllegalArgumentException when a zone's text is wrong, or its origin is served already
   */
  public final void add(List<Zone> more) {
    zones.add(more);
  }

  /**
   * Serves these zones from now on instead of those of the same origins, with the same keys.
   *
   * @throws IllegalArgumentException when a zone's text is wrong
   */
  public final void replace(List<Zone> others) {
    zones.replace(others);
  }

  /** Takes away all zones at and below a name, and the faults there. */
  public final void remove(String name) {
    zones.remove(name);
  }

  /** Sets this fault for questions of every type at or below {@code name}; returns itself. */
  public final ZoneServer fault(String name, DnsFault fault) {
    zones.fault(name, fault);
    return this;
  }

  /** The same for one type, by its mnemonic ({@code TLSA}). */
  public final ZoneServer fault(String name, String type, DnsFault fault) {
    zones.fault(name, type, fault);
    return this;
  }

  /** Calls this for every question, on the server's thread: it must be quick. */
  public final void watch(Consumer<ReceivedQuery> with) {
    watcher = with;
  }

  /** Shows a question to the watcher. */
  final void asked(Message query, boolean stream, InetAddress from) {
    Record question = query.getQuestion();
    OPTRecord opt = query.getOPT();
    watcher.accept(
        new ReceivedQuery(
            question.getName().toString(true).toLowerCase(Locale.ROOT),
            Type.string(question.getType()),
            opt != null && (opt.getFlags() & ExtendedFlags.DO) != 0,
            query.getHeader().getFlag(Flags.CD),
            stream,
            from));
  }

  /** The header of a reply, with the flags that are copied from the query (RFC 1035 4.1.1). */
  static Message emptyReply(Message query) {
    Header asked = query.getHeader();
    Message reply = new Message(asked.getID());
    reply.getHeader().setFlag(Flags.QR);
    for (int flag : new int[] {Flags.RD, Flags.CD}) {
      if (asked.getFlag(flag)) {
        reply.getHeader().setFlag(flag);
      }
    }
    Record question = query.getQuestion();
    if (question != null) {
      reply.addRecord(question, Section.QUESTION);
    }
    return reply;
  }

  /** Bytes that an answer may have. */
  static int limit(@Nullable OPTRecord opt, boolean stream) {
    if (stream) {
      return Message.MAXLENGTH;
    }
    return opt == null ? PLAIN_UDP : Math.clamp(opt.getPayloadSize(), PLAIN_UDP, LARGEST_UDP);
  }

  /** Stops listening, and ends all connections. Its ports are free then. */
  @Override
  public final void close() throws IOException {
    for (DnsSockets each : sockets) {
      each.udp().close();
      each.tcp().close();
    }
  }

  private void answerDatagrams(DatagramSocket udp) {
    byte[] buffer = new byte[Math.min(limits.queryBytes() + 1, Message.MAXLENGTH)];
    while (!udp.isClosed()) {
      try {
        DatagramPacket in = new DatagramPacket(buffer, buffer.length);
        udp.receive(in);
        byte[] query = Arrays.copyOf(buffer, in.getLength());
        Optional<byte[]> out = answer(query, in.getAddress(), false);
        if (out.isPresent()) {
          udp.send(new DatagramPacket(out.get(), out.get().length, in.getSocketAddress()));
        }
      } catch (IOException
          | RuntimeException
          | StackOverflowError
          | LinkageError
          | AssertionError e) {
        // The socket was closed, one client went away, or one question has no answer: the loop
        // condition decides whether there is a next one.
      }
    }
  }

  /** A share of the connections for each network. */
  private final class NetworkGate implements TcpListener.ClientGate {
    @Override
    public boolean enter(InetAddress client) {
      synchronized (connectionsOf) {
        String network = ResponseRateLimit.network(client);
        int now = connectionsOf.getOrDefault(network, 0);
        if (now >= limits.connectionsEach() || !connections.tryTake()) {
          return false;
        }
        connectionsOf.put(network, now + 1);
        return true;
      }
    }

    @Override
    public void leave(InetAddress client) {
      synchronized (connectionsOf) {
        connections.give();
        connectionsOf.computeIfPresent(
            ResponseRateLimit.network(client), (n, count) -> count > 1 ? count - 1 : null);
      }
    }
  }

  private void converse(Wire wire) throws IOException {
    try (Deadline _ = Deadline.after(limits.connectionTime(), wire)) {
      DataInputStream in = new DataInputStream(wire.in());
      while (true) {
        int length = in.readUnsignedShort();
        if (length > limits.queryBytes()) {
          return;
        }
        Optional<byte[]> answer = answer(in.readNBytes(length), wire.peer().getAddress(), true);
        if (answer.isEmpty()) {
          return;
        }
        byte[] bytes = answer.get();
        byte[] framed = new byte[bytes.length + 2];
        framed[0] = (byte) (bytes.length >> 8);
        framed[1] = (byte) bytes.length;
        System.arraycopy(bytes, 0, framed, 2, bytes.length);
        wire.out().write(framed);
      }
    }
  }
}

package org.sealwax.testkit.zone;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.sealwax.mail.net.AcceptLoop;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.Threads;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Serves {@link Zone}s on loopback, UDP and TCP on one port, as a recursive resolver would after
 * its work: RA set, aliases followed across zones, signatures and proofs when DO is set, no
 * validation of its own. Under it all is a root zone, signed with a fresh key: {@link #anchors()}
 * is what a validator needs.
 *
 * <pre>{@code
 * Zone zone = Zone.of("example.org", "@ MX 10 mx\nmx A 192.0.2.1").signed();
 * try (var server = LoopbackResolver.start(Clock.system(), zone)) {
 *   DnsSettings settings =
 *       DnsSettings.defaults()
 *           .withResolvers(List.of(server.address()))
 *           .withAnchors(server.anchors());
 *   new CachingResolver(settings, …)
 * }
 * }</pre>
 *
 * <p>Thread-safe. Zones and faults may be changed while it runs.
 */
public final class LoopbackResolver implements ServedZones, Closeable {
  /** TCP connections at once: one resolver under test needs few. */
  static final int MAX_CONNECTIONS = 256;

  /** Different questions counted one by one; {@link #total()} goes on. Bounds a long-lived lab. */
  static final int MAX_COUNTED = 10_000;

  /** Whole life of a TCP connection. */
  static final Duration CONNECTION_TIME = Duration.ofSeconds(30);

  /** What a client without EDNS can take over UDP (RFC 1035 2.3.4). */
  private static final int PLAIN_UDP = 512;

  /** Largest UDP answer we give whatever is offered: unfragmented everywhere. */
  private static final int LARGEST_UDP = 1232;

  /** Ports tried until one is free on both UDP and TCP. */
  private static final int PORT_TRIES = 50;

  private final DatagramSocket udp;
  private final ServerSocket tcp;
  private final Limit connections = Limit.of(MAX_CONNECTIONS);
  private final ZoneSet zones;
  private final ZoneAnswerBuilder answerBuilder;
  private final Map<String, LongAdder> counted = new ConcurrentHashMap<>();
  private final AtomicInteger countedNames = new AtomicInteger();
  private final LongAdder total = new LongAdder();
  private final LongAdder overTcp = new LongAdder();
  private volatile Consumer<ReceivedQuery> watcher = asked -> {};

  private LoopbackResolver(Clock clock, DatagramSocket udp, ServerSocket tcp) {
    this.zones = new ZoneSet(clock, true, List.of(ServedZone.absolute("ns.invalid")));
    this.answerBuilder = new ZoneAnswerBuilder(zones);
    this.udp = udp;
    this.tcp = tcp;
  }

  /** Starts on a free port of 127.0.0.1. */
  public static LoopbackResolver start(Clock clock, Zone... zones) throws IOException {
    return start(clock, new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), zones);
  }

  /**
   * Starts at an address of this machine.
   *
   * @param at with port 0 for a free one; an address that others can reach makes this a public
   *     server, which the caller must intend
   * @throws IOException when the port is taken, or not allowed to us
   */
  public static LoopbackResolver start(Clock clock, InetSocketAddress at, Zone... zones)
      throws IOException {
    IOException last = new IOException("no port tried");
    for (int i = 0; i < (at.getPort() == 0 ? PORT_TRIES : 1); i++) {
      ServerSocket tcp = new ServerSocket(at.getPort(), MAX_CONNECTIONS, at.getAddress());
      try {
        DatagramSocket udp = new DatagramSocket(tcp.getLocalPort(), at.getAddress());
        LoopbackResolver server = new LoopbackResolver(clock, udp, tcp);
        server.serve(List.of(zones));
        var _ = Supervisor.start("zone-udp", udp::isClosed, server::answerDatagrams);
        var _ =
            AcceptLoop.start(
                "zone-tcp",
                tcp::isClosed,
                tcp::accept,
                server::take,
                text -> {
                  // A zone of the lab has no log: its client gets no answer, and tries again.
                });
        return server;
      } catch (IOException e) {
        tcp.close();
        last = e;
      }
    }
    throw last;
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return new InetSocketAddress(udp.getLocalAddress(), udp.getLocalPort());
  }

  /** The trust anchor of this server's root, a DS record in presentation form. */
  public List<String> anchors() {
    ServedZone root = zones.now().get(Name.root);
    if (root == null) {
      throw new IllegalStateException("no root");
    }
    return List.of(root.key().ds().toString());
  }

  /**
   * Serves these zones from now on instead of the ones before. Keys stay. A zone {@code .} replaces
   * the default signed root.
   *
   * @throws IllegalArgumentException when a zone's text is wrong, or two have the same origin
   */
  public void serve(List<Zone> next) {
    zones.serve(next);
  }

  @Override
  public void add(List<Zone> more) {
    zones.add(more);
  }

  @Override
  public void replace(List<Zone> others) {
    zones.replace(others);
  }

  @Override
  public void remove(String name) {
    zones.remove(name);
  }

  @Override
  public void watch(Consumer<ReceivedQuery> with) {
    watcher = with;
  }

  @Override
  public LoopbackResolver fault(String name, DnsFault fault) {
    zones.fault(name, fault);
    return this;
  }

  @Override
  public LoopbackResolver fault(String name, String type, DnsFault fault) {
    zones.fault(name, type, fault);
    return this;
  }

  /** Takes all faults away. */
  public void clearFaults() {
    zones.clearFaults();
  }

  /**
   * Whether to set AD on answers from zones that are signed well, as a validating resolver does; it
   * does not validate, it knows.
   */
  public void setAuthenticData(boolean authenticData) {
    answerBuilder.setAuthenticData(authenticData);
  }

  /**
   * Whether what is bogus is answered with SERVFAIL unless CD is set, as a validating resolver does
   * (RFC 4035 5.5); it does not validate, it knows.
   */
  public void hideBogus(boolean hides) {
    answerBuilder.hideBogus(hides);
  }

  /** Questions seen in all. */
  public long total() {
    return total.sum();
  }

  /** Questions that came over TCP. */
  public long overTcp() {
    return overTcp.sum();
  }

  /** Questions seen for this name and type ({@code MX}). */
  public long questions(String name, String type) {
    LongAdder count = counted.get(label(ServedZone.absolute(name), Type.value(type)));
    return count == null ? 0 : count.sum();
  }

  private static String label(Name name, int type) {
    return name.toString().toLowerCase(Locale.ROOT) + " " + type;
  }

  /** Stops listening; connections end by themselves. */
  @Override
  public void close() throws IOException {
    udp.close();
    tcp.close();
  }

  private void answerDatagrams() {
    byte[] buffer = new byte[Message.MAXLENGTH];
    while (!udp.isClosed()) {
      try {
        DatagramPacket in = new DatagramPacket(buffer, buffer.length);
        udp.receive(in);
        byte[] question = Arrays.copyOf(buffer, in.getLength());
        Optional<byte[]> out = answer(question, in.getAddress(), false);
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

  private void take(Socket socket) throws IOException {
    if (connections.tryTake()) {
      var _ = Threads.start("zone-tcp-connection", () -> converse(socket));
    } else {
      socket.close();
    }
  }

  private void converse(Socket socket) {
    Deadline deadline = Deadline.after(CONNECTION_TIME, socket);
    try (socket;
        deadline) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      while (true) {
        int length = in.readUnsignedShort();
        Optional<byte[]> answer = answer(in.readNBytes(length), socket.getInetAddress(), true);
        if (answer.isEmpty()) {
          return;
        }
        byte[] bytes = answer.get();
        byte[] framed = new byte[bytes.length + 2];
        framed[0] = (byte) (bytes.length >> 8);
        framed[1] = (byte) bytes.length;
        System.arraycopy(bytes, 0, framed, 2, bytes.length);
        out.write(framed);
      }
    } catch (IOException e) {
      // The client has closed, or the time limit has passed.
    } finally {
      connections.give();
    }
  }

  /** One question, one answer; empty when there is to be none. */
  private Optional<byte[]> answer(byte[] bytes, InetAddress from, boolean stream) {
    Message query;
    try {
      query = new Message(bytes);
    } catch (IOException | RuntimeException e) {
      return Optional.empty();
    }
    Record question = query.getQuestion();
    Header header = query.getHeader();
    if (header.getFlag(Flags.QR) || question == null) {
      return Optional.empty();
    }
    count(question, stream);
    OPTRecord opt = query.getOPT();
    watcher.accept(
        new ReceivedQuery(
            question.getName().toString(true).toLowerCase(Locale.ROOT),
            Type.string(question.getType()),
            opt != null && (opt.getFlags() & ExtendedFlags.DO) != 0,
            header.getFlag(Flags.CD),
            stream,
            from));
    Message reply = emptyReply(query, question);
    if (header.getOpcode() != Opcode.QUERY
        || question.getDClass() != DClass.IN
        || !Type.isRR(question.getType())) {
      reply.getHeader().setRcode(Rcode.NOTIMP);
      return Optional.of(reply.toWire(Message.MAXLENGTH));
    }
    int limit = stream ? Message.MAXLENGTH : udpLimit(query);
    return answerBuilder.answer(query, reply, stream, limit);
  }

  private static int udpLimit(Message query) {
    OPTRecord opt = query.getOPT();
    return opt == null ? PLAIN_UDP : Math.clamp(opt.getPayloadSize(), PLAIN_UDP, LARGEST_UDP);
  }

  private void count(Record question, boolean stream) {
    total.increment();
    if (stream) {
      overTcp.increment();
    }
    String label = label(question.getName(), question.getType());
    LongAdder count = counted.get(label);
    if (count == null && countedNames.get() < MAX_COUNTED) {
      count =
          counted.computeIfAbsent(
              label,
              l -> {
                countedNames.incrementAndGet();
                return new LongAdder();
              });
    }
    if (count != null) {
      count.increment();
    }
  }

  private static Message emptyReply(Message query, Record question) {
    Message reply = new Message(query.getHeader().getID());
    Header header = reply.getHeader();
    header.setFlag(Flags.QR);
    header.setFlag(Flags.RA);
    copy(Flags.RD, query, reply);
    copy(Flags.CD, query, reply);
    reply.addRecord(question, Section.QUESTION);
    OPTRecord opt = query.getOPT();
    if (opt != null) {
      reply.addRecord(new OPTRecord(LARGEST_UDP, 0, 0, opt.getFlags()), Section.ADDITIONAL);
    }
    return reply;
  }

  private static void copy(int flag, Message from, Message to) {
    if (from.getHeader().getFlag(flag)) {
      to.getHeader().setFlag(flag);
    }
  }
}

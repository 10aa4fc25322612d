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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.AcceptLoop;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.Threads;
import org.xbill.DNS.CookieOption;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
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
 * A plain authority for one delegated zone and the zones below it, on the open Internet: it answers
 * for its zone and refuses everything else, signs as it answers, never recurses, hands out no
 * zones, and answers a source only as often as {@link ResponseRateLimit} allows. Answers carry AA
 * and nothing that was not asked for; those to ANY are one set (RFC 8482). Cookies: RFC 7873, 9018.
 * Thread-safe.
 */
public final class AuthoritativeServer implements ServedZones, Closeable {
  /** TCP connections at once, and of one network. */
  static final int MAX_CONNECTIONS = 256;

  static final int MAX_CONNECTIONS_EACH = 16;

  /** Whole life of a TCP connection (RFC 7766 6.2.3 wants seconds of idleness, not minutes). */
  static final Duration CONNECTION_TIME = Duration.ofSeconds(20);

  /** What a client without EDNS can take over UDP (RFC 1035 2.3.4). */
  static final int PLAIN_UDP = 512;

  /** Largest UDP answer whatever is offered: unfragmented everywhere. */
  static final int LARGEST_UDP = 1232;

  /** Bytes of a question: one name, one OPT with a cookie and padding. */
  static final int LARGEST_QUESTION = 1_024;

  /** RFC 7873 8: BADCOOKIE. */
  private static final int BADCOOKIE = 23;

  private static final int BADVERS = 16;

  /** Bytes of a header (RFC 1035 4.1.1). */
  private static final int HEADER = 12;

  private static final int PORT_TRIES = 50;

  /** Wakes threads that wait in accept, so that they see the close. */
  private static final Duration END = Duration.ofSeconds(2);

  private record DnsSockets(DatagramSocket udp, ServerSocket tcp) {}

  private final Name zone;
  private final ZoneSet zones;
  private final ZoneAnswerBuilder answerBuilder;
  private final DnsCookies cookies;
  private final ResponseRateLimit rateLimit;
  private final List<DnsSockets> sockets = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final Limit connections = Limit.of(MAX_CONNECTIONS);
  private final Map<String, Integer> connectionsOf = new HashMap<>();
  private volatile Consumer<ReceivedQuery> watcher = asked -> {};

  /**
   * Without sockets.
   *
   * @param key with which the zone itself is signed
   */
  AuthoritativeServer(
      AuthoritativeServerSettings settings, StoredZoneKey key, Clock clock, RandomSource random) {
    this.zone = ServedZone.absolute(settings.zone());
    this.zones =
        new ZoneSet(clock, false, settings.servers().stream().map(ServedZone::absolute).toList());
    this.answerBuilder = new ZoneAnswerBuilder(zones);
    this.cookies = new DnsCookies(random.bytes(16), clock);
    this.rateLimit = new ResponseRateLimit(clock, settings.rate());
    zones.pin(key.key());
  }

  /**
   * Listens; no zone is served yet.
   *
   * @throws IOException when an address or port is not available; nothing stays open then
   */
  public static AuthoritativeServer start(
      AuthoritativeServerSettings settings, StoredZoneKey key, Clock clock, RandomSource random)
      throws IOException {
    AuthoritativeServer authority = new AuthoritativeServer(settings, key, clock, random);
    try {
      for (InetSocketAddress at : settings.listen()) {
        DnsSockets sockets = openSockets(at);
        authority.sockets.add(sockets);
        authority.threads.add(
            Supervisor.start(
                "authority-udp",
                sockets.udp()::isClosed,
                () -> authority.answerDatagrams(sockets.udp())));
        authority.threads.add(
            AcceptLoop.start(
                "authority-tcp",
                sockets.tcp()::isClosed,
                sockets.tcp()::accept,
                authority::take,
                text -> {
                  // No log here: the resolver gets no answer, and tries again.
                }));
      }
    } catch (IOException e) {
      authority.close();
      throw e;
    }
    return authority;
  }

  private static DnsSockets openSockets(InetSocketAddress at) throws IOException {
    IOException last = new IOException("no port tried");
    for (int i = 0; i < (at.getPort() == 0 ? PORT_TRIES : 1); i++) {
      ServerSocket tcp = new ServerSocket();
      try {
        tcp.setReuseAddress(true);
        tcp.bind(at, MAX_CONNECTIONS);
        return new DnsSockets(new DatagramSocket(tcp.getLocalPort(), at.getAddress()), tcp);
      } catch (IOException e) {
        tcp.close();
        last =
            new IOException(
                "cannot listen for DNS at "
                    + at.getAddress().getHostAddress()
                    + " port "
                    + at.getPort()
                    + ": "
                    + e.getMessage(),
                e);
      }
    }
    throw last;
  }

  /** Where it listens. */
  public List<InetSocketAddress> addresses() {
    return sockets.stream()
        .map(d -> new InetSocketAddress(d.udp().getLocalAddress(), d.udp().getLocalPort()))
        .toList();
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
  public AuthoritativeServer fault(String name, DnsFault fault) {
    zones.fault(name, fault);
    return this;
  }

  @Override
  public AuthoritativeServer fault(String name, String type, DnsFault fault) {
    zones.fault(name, type, fault);
    return this;
  }

  @Override
  public void watch(Consumer<ReceivedQuery> with) {
    watcher = with;
  }

  /**
   * Stops listening; connections end by themselves. Its ports are free then: the system keeps them
   * until the threads that wait in accept have woken.
   */
  @Override
  public void close() throws IOException {
    for (DnsSockets sockets : sockets) {
      sockets.udp().close();
      sockets.tcp().close();
    }
    try {
      for (Thread thread : threads) {
        thread.join(END);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void answerDatagrams(DatagramSocket udp) {
    byte[] buffer = new byte[LARGEST_QUESTION + 1];
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
    String network = ResponseRateLimit.network(socket.getInetAddress());
    if (enter(network)) {
      var _ = Threads.start("authority-connection", () -> converse(socket, network));
    } else {
      socket.close();
    }
  }

  private boolean enter(String network) {
    synchronized (connectionsOf) {
      int now = connectionsOf.getOrDefault(network, 0);
      if (now >= MAX_CONNECTIONS_EACH || !connections.tryTake()) {
        return false;
      }
      connectionsOf.put(network, now + 1);
      return true;
    }
  }

  private void leave(String network) {
    synchronized (connectionsOf) {
      connections.give();
      connectionsOf.computeIfPresent(network, (n, count) -> count > 1 ? count - 1 : null);
    }
  }

  private void converse(Socket socket, String network) {
    try (socket;
        Deadline _ = Deadline.after(CONNECTION_TIME, socket)) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      while (true) {
        int length = in.readUnsignedShort();
        if (length > LARGEST_QUESTION) {
          return;
        }
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
      leave(network);
    }
  }

  /**
   * One question, one answer.
   *
   * @param bytes as they came; anything
   * @return empty when there is to be none
   */
  Optional<byte[]> answer(byte[] bytes, InetAddress from, boolean stream) {
    if (bytes.length < HEADER || bytes.length > LARGEST_QUESTION || bytes[2] < 0) {
      // Too short to answer, no question, or an answer: answering answers makes loops.
      return Optional.empty();
    }
    Message query;
    try {
      query = new Message(bytes);
    } catch (IOException | RuntimeException e) {
      return rateLimit.of(from, stream) == ResponseRateLimit.RateLimitAction.ANSWER
          ? Optional.of(malformed(bytes))
          : Optional.empty();
    }
    OPTRecord opt = query.getOPT();
    Cookie cookie = Cookie.of(opt, cookies, from);
    return switch (rateLimit.of(from, stream || cookie.proven())) {
      case DROP -> Optional.empty();
      case SLIP -> stream ? Optional.empty() : Optional.of(slip(query, cookie, from));
      case ANSWER -> answer(query, cookie, from, stream);
    };
  }

  /**
   * What a question said about cookies.
   *
   * @param client its client cookie, or null
   * @param proven whether it showed one that we gave it
   */
  private record Cookie(byte @Nullable [] client, boolean proven) {
    static Cookie of(@Nullable OPTRecord opt, DnsCookies cookies, InetAddress from) {
      if (opt != null) {
        for (EDNSOption option : opt.getOptions(EDNSOption.Code.COOKIE)) {
          if (option instanceof CookieOption shown) {
            byte[] client = shown.getClientCookie();
            boolean proven =
                shown.getServerCookie().map(s -> cookies.isValid(client, s, from)).orElse(false);
            return new Cookie(client, proven);
          }
        }
      }
      return new Cookie(null, false);
    }
  }

  /** A header and FORMERR: shorter than what came. */
  private static byte[] malformed(byte[] bytes) {
    Header header = new Header((bytes[0] & 0xff) << 8 | (bytes[1] & 0xff));
    header.setFlag(Flags.QR);
    header.setOpcode(bytes[2] >> 3 & 0xf);
    header.setRcode(Rcode.FORMERR);
    return header.toWire();
  }

  private byte[] slip(Message query, Cookie cookie, InetAddress from) {
    Message reply = emptyReply(query, cookie, from, cookie.client() == null ? 0 : BADCOOKIE);
    if (cookie.client() == null) {
      reply.getHeader().setFlag(Flags.TC);
    }
    return reply.toWire(PLAIN_UDP);
  }

  private Optional<byte[]> answer(Message query, Cookie cookie, InetAddress from, boolean stream) {
    Header header = query.getHeader();
    OPTRecord opt = query.getOPT();
    if (header.getOpcode() != Opcode.QUERY) {
      return Optional.of(refusal(query, cookie, from, Rcode.NOTIMP));
    }
    if (header.getCount(Section.QUESTION) != 1
        || header.getCount(Section.ANSWER) > 0
        || count(query, Type.OPT) > 1) {
      return Optional.of(refusal(query, cookie, from, Rcode.FORMERR));
    }
    if (opt != null && opt.getVersion() > 0) {
      return Optional.of(refusal(query, cookie, from, BADVERS));
    }
    Record question = query.getQuestion();
    int type = question.getType();
    if (question.getDClass() != DClass.IN || !question.getName().subdomain(zone) || isAxfr(type)) {
      return Optional.of(refusal(query, cookie, from, Rcode.REFUSED));
    }
    if (!Type.isRR(type) && type != Type.ANY) {
      return Optional.of(refusal(query, cookie, from, Rcode.NOTIMP));
    }
    watcher.accept(
        new ReceivedQuery(
            question.getName().toString(true).toLowerCase(Locale.ROOT),
            Type.string(type),
            opt != null && (opt.getFlags() & ExtendedFlags.DO) != 0,
            header.getFlag(Flags.CD),
            stream,
            from));
    Message reply = emptyReply(query, cookie, from, 0);
    reply.getHeader().setFlag(Flags.AA);
    return answerBuilder.answer(query, reply, stream, stream ? Message.MAXLENGTH : udpLimit(opt));
  }

  private static boolean isAxfr(int type) {
    return type == Type.AXFR || type == Type.IXFR;
  }

  private static int count(Message query, int type) {
    int count = 0;
    for (Record each : query.getSection(Section.ADDITIONAL)) {
      count += each.getType() == type ? 1 : 0;
    }
    return count;
  }

  private static int udpLimit(@Nullable OPTRecord opt) {
    return opt == null ? PLAIN_UDP : Math.clamp(opt.getPayloadSize(), PLAIN_UDP, LARGEST_UDP);
  }

  private byte[] refusal(Message query, Cookie cookie, InetAddress from, int rcode) {
    return emptyReply(query, cookie, from, rcode).toWire(PLAIN_UDP);
  }

  /** Header, question, OPT with cookie; no more. */
  private Message emptyReply(Message query, Cookie cookie, InetAddress from, int rcode) {
    Message reply = new Message(query.getHeader().getID());
    Header header = reply.getHeader();
    header.setFlag(Flags.QR);
    header.setOpcode(query.getHeader().getOpcode());
    header.setRcode(rcode & 0xf);
    if (query.getHeader().getFlag(Flags.RD)) {
      header.setFlag(Flags.RD);
    }
    if (query.getHeader().getFlag(Flags.CD)) {
      header.setFlag(Flags.CD);
    }
    Record question = query.getQuestion();
    if (question != null) {
      reply.addRecord(question, Section.QUESTION);
    }
    OPTRecord opt = query.getOPT();
    if (opt != null) {
      byte[] client = cookie.client();
      List<EDNSOption> options =
          client == null
              ? List.of()
              : List.of(new CookieOption(client, cookies.make(client, from)));
      reply.addRecord(
          new OPTRecord(LARGEST_UDP, rcode >> 4, 0, opt.getFlags() & ExtendedFlags.DO, options),
          Section.ADDITIONAL);
    }
    return reply;
  }
}

package org.sealwax.router.deliver;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.BlockInput;
import org.sealwax.mail.net.BlockOutput;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.net.WireOver;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.router.receive.SaslExchange;
import org.sealwax.router.receive.SaslMechanisms;

/**
 * A mail host on loopback whose every word can be chosen: a small SMTP server with rules. Records
 * what it received. Ended by its test.
 */
final class FakeHost implements AutoCloseable {
  /** Closes the connection instead of answering. */
  static final String CLOSE = "CLOSE";

  /** Sends nothing and continues. */
  static final String SILENCE = "SILENCE";

  private final ServerSocket listener;
  private final List<FakeHostSession> sessions = new CopyOnWriteArrayList<>();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final Map<String, Deque<String>> rules = new LinkedHashMap<>();
  private volatile String banner = "220 fake ESMTP";
  private volatile List<String> capabilities = List.of();
  private volatile @Nullable List<String> capabilitiesInTls;
  private volatile @Nullable TlsServer tls;
  private volatile boolean implicitTls;
  private volatile Predicate<byte[]> breaksOn = clientHello -> false;
  private volatile int cutAfter = Integer.MAX_VALUE;
  private volatile int sendsAtMost = Integer.MAX_VALUE;
  private volatile int readsAtMost = Integer.MAX_VALUE;
  private volatile String dribblesAt = "\0";
  private volatile @Nullable SaslMechanisms sasl;

  /** What one connection brought. */
  static final class FakeHostSession {
    final List<String> commands = new CopyOnWriteArrayList<>();
    final List<String> bodies = new CopyOnWriteArrayList<>();
    final List<byte[]> clientHellos = new CopyOnWriteArrayList<>();
    final List<Integer> reads = new CopyOnWriteArrayList<>();
    volatile boolean encrypted;

    /** What the client showed, leaf first; empty unencrypted and when it showed nothing. */
    volatile List<X509Certificate> client = List.of();

    /** The last byte of a 2yz to the content has left. */
    volatile boolean took;

    /** The user of AUTH. */
    volatile String user = "";

    final AtomicInteger sent = new AtomicInteger();
    final AtomicInteger received = new AtomicInteger();
    final CountDownLatch left = new CountDownLatch(1);
    final CountDownLatch ended = new CountDownLatch(1);

    /** Waits until the client sent QUIT. */
    void awaitQuit() throws InterruptedException {
      if (!left.await(60, TimeUnit.SECONDS)) {
        throw new AssertionError("no QUIT: " + commands);
      }
    }

    List<String> verbs() {
      return commands.stream().map(c -> c.split("[ :]")[0]).toList();
    }
  }

  FakeHost() {
    try {
      listener = new ServerSocket();
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    Threads.start("fake-host", this::listen);
  }

  /**
   * Connects to it.
   *
   * @throws ConnectException after {@link #close}: its port may belong to another test by then
   */
  Socket connect() throws IOException {
    if (listener.isClosed()) {
      throw new ConnectException("Connection refused");
    }
    return new Socket(InetAddress.getLoopbackAddress(), listener.getLocalPort());
  }

  List<FakeHostSession> sessions() {
    return List.copyOf(sessions);
  }

  FakeHostSession session(int index) {
    return sessions.get(index);
  }

  /** Whether any session took a message to the last byte of its reply; waits until all ended. */
  boolean took() throws InterruptedException {
    boolean took = false;
    for (FakeHostSession session : sessions) {
      if (!session.ended.await(60, TimeUnit.SECONDS)) {
        throw new AssertionError("still open: " + session.commands);
      }
      took |= session.took;
    }
    return took;
  }

  /** All commands of all sessions. */
  List<String> commands() {
    return sessions.stream().flatMap(s -> s.commands.stream()).toList();
  }

  /** All messages of all sessions. */
  List<String> bodies() {
    return sessions.stream().flatMap(s -> s.bodies.stream()).toList();
  }

  FakeHost banner(String text) {
    banner = text;
    return this;
  }

  FakeHost offers(String... keywords) {
    capabilities = List.of(keywords);
    return this;
  }

  FakeHost offersInTls(String... keywords) {
    capabilitiesInTls = List.of(keywords);
    return this;
  }

  /** With STARTTLS over this; its keyword is added by itself. */
  FakeHost tls(@Nullable TlsServer server) {
    tls = server;
    return this;
  }

  FakeHost implicitTls(TlsServer server) {
    tls = server;
    implicitTls = true;
    return this;
  }

  /** Closes at a ClientHello like this. */
  FakeHost breaksOn(Predicate<byte[]> clientHello) {
    breaksOn = clientHello;
    return this;
  }

  /** Closes after so many bytes were sent in one connection. */
  FakeHost cutAfter(int bytes) {
    cutAfter = bytes;
    return this;
  }

  /** Closes after so many bytes on the wire, TLS records included, in one connection. */
  FakeHost sendsAtMost(int bytes) {
    sendsAtMost = bytes;
    return this;
  }

  /** Closes after having read so many bytes from the wire, in one connection. */
  FakeHost readsAtMost(int bytes) {
    readsAtMost = bytes;
    return this;
  }

  /** Answers commands that begin so (or END) one byte at a time, and never to the end. */
  FakeHost dribblesAt(String prefix) {
    dribblesAt = prefix;
    return this;
  }

  /** Takes AUTH by these. */
  FakeHost sasl(SaslMechanisms mechanisms) {
    sasl = mechanisms;
    return this;
  }

  /** Answers commands that begin so with these replies, one after the other; the last one stays. */
  FakeHost on(String prefix, String... replies) {
    synchronized (rules) {
      rules.put(prefix, new ArrayDeque<>(List.of(replies)));
    }
    return this;
  }

  private @Nullable String rule(String command) {
    synchronized (rules) {
      for (var rule : rules.entrySet()) {
        if (command.startsWith(rule.getKey())) {
          Deque<String> replies = rule.getValue();
          return replies.size() > 1 ? replies.poll() : replies.peek();
        }
      }
    }
    return null;
  }

  private void listen() {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        sockets.add(socket);
        Threads.start("fake-session", () -> serve(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    FakeHostSession session = new FakeHostSession();
    sessions.add(session);
    try (socket) {
      new FakeHostConversation(session, new CountingWire(Wire.of(socket), session)).run();
    } catch (IOException | RuntimeException e) {
      // The client closed, or a rule ended the session.
    } finally {
      session.ended.countDown();
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
      for (Socket socket : sockets) {
        socket.close();
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private final class FakeHostConversation {
    private final FakeHostSession session;
    private Wire wire;
    private final ByteArrayOutputStream ahead = new ByteArrayOutputStream();
    private int sent;

    FakeHostConversation(FakeHostSession session, Wire wire) {
      this.session = session;
      this.wire = wire;
    }

    void run() throws IOException {
      if (implicitTls) {
        shake();
      }
      send(banner);
      while (true) {
        String command = line();
        if (command == null) {
          return;
        }
        session.commands.add(command);
        if (command.equals("QUIT")) {
          session.left.countDown();
        }
        if (command.startsWith(dribblesAt)) {
          dribble();
        }
        SaslMechanisms mechanisms = sasl;
        if (mechanisms != null && command.startsWith("AUTH ")) {
          send(auth(mechanisms, command.split(" ")));
          continue;
        }
        String rule = rule(command);
        if (CLOSE.equals(rule)) {
          return;
        }
        if (SILENCE.equals(rule)) {
          continue;
        }
        String reply = rule != null ? rule : usual(command);
        send(reply);
        if (command.equals("QUIT")) {
          return;
        }
        if (command.equals("STARTTLS") && reply.startsWith("220")) {
          shake();
        } else if (command.equals("DATA") && reply.startsWith("354")) {
          String body = body();
          if (body == null) {
            return;
          }
          session.bodies.add(body);
          String end = rule("END");
          if (CLOSE.equals(end)) {
            return;
          }
          if (dribblesAt.equals("END")) {
            dribble();
          }
          send(end == null ? "250 2.0.0 taken" : end);
          session.took = end == null || end.startsWith("2");
        }
      }
    }

    private String usual(String command) {
      if (command.startsWith("EHLO")) {
        List<String> inTls = capabilitiesInTls;
        List<String> words =
            new ArrayList<>(session.encrypted && inTls != null ? inTls : capabilities);
        if (tls != null && !session.encrypted) {
          words.add("STARTTLS");
        }
        words.addFirst("fake.example");
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < words.size(); i++) {
          out.append(i == 0 ? "" : "\r\n")
              .append(i == words.size() - 1 ? "250 " : "250-")
              .append(words.get(i));
        }
        return out.toString();
      }
      if (command.startsWith("DATA")) {
        return "354 go ahead";
      }
      if (command.startsWith("STARTTLS")) {
        return "220 go ahead";
      }
      if (command.startsWith("QUIT")) {
        return "221 bye";
      }
      if (command.startsWith("BDAT")) {
        String[] words = command.split(" ");
        byte[] body = octets(Integer.parseInt(words[1]));
        session.bodies.add(new String(body, StandardCharsets.UTF_8));
        String end = rule("END");
        return end == null ? "250 2.0.0 taken" : end;
      }
      return "250 2.0.0 fine";
    }

    /** Each byte comes well within any wait; the reply never ends. */
    private void dribble() throws IOException {
      while (true) {
        wire.out().write("250-".getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < 20; i++) {
          wire.out().write('x');
          wire.out().flush();
          LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        wire.out().write("\r\n".getBytes(StandardCharsets.US_ASCII));
      }
    }

    private String auth(SaslMechanisms mechanisms, String[] words) throws IOException {
      SaslExchange exchange = mechanisms.begin(words[1]).orElseThrow();
      String text = words.length > 2 ? words[2] : "";
      if (words.length < 3) {
        send("334 ");
        text = line();
      }
      while (text != null) {
        switch (exchange.respond(Base64.getDecoder().decode(text))) {
          case SaslExchange.SaslStep.Accepted a -> {
            session.user = a.user();
            return "235 2.7.0 welcome";
          }
          case SaslExchange.SaslStep.Failed f -> {
            return "535 5.7.8 no";
          }
          case SaslExchange.SaslStep.Challenge c -> {
            byte[] bytes = c.text().getBytes(StandardCharsets.UTF_8);
            send("334 " + Base64.getEncoder().encodeToString(bytes));
            text = line();
            session.commands.add(String.valueOf(text));
          }
        }
      }
      throw new IOException("left in the middle of AUTH");
    }

    private void shake() throws IOException {
      byte[] clientHello = record();
      session.clientHellos.add(clientHello);
      TlsServer server = tls;
      if (server == null || breaksOn.test(clientHello)) {
        throw new IOException("broken on purpose");
      }
      TlsWire secured = server.accept(new PushbackWire(wire, clientHello), Duration.ofSeconds(10));
      wire = secured;
      session.client = secured.handshake().peerChain();
      session.encrypted = true;
    }

    private byte[] record() throws IOException {
      byte[] head = wire.in().readNBytes(5);
      if (head.length < 5) {
        throw new IOException("no hello");
      }
      int length = (head[3] & 0xff) << 8 | head[4] & 0xff;
      byte[] rest = wire.in().readNBytes(length);
      byte[] all = new byte[5 + rest.length];
      System.arraycopy(head, 0, all, 0, 5);
      System.arraycopy(rest, 0, all, 5, rest.length);
      return all;
    }

    private void send(String text) throws IOException {
      byte[] bytes = (text + "\r\n").getBytes(StandardCharsets.UTF_8);
      int free = cutAfter - sent;
      if (free < bytes.length) {
        wire.out().write(bytes, 0, Math.max(0, free));
        wire.out().flush();
        throw new IOException("cut on purpose");
      }
      sent += bytes.length;
      wire.out().write(bytes);
      wire.out().flush();
    }

    private int next() throws IOException {
      byte[] one = ahead.toByteArray();
      if (one.length == 0) {
        byte[] block = new byte[8_192];
        int count = wire.in().read(block);
        if (count <= 0) {
          return -1;
        }
        session.reads.add(count);
        ahead.write(block, 0, count);
        one = ahead.toByteArray();
      }
      ahead.reset();
      ahead.write(one, 1, one.length - 1);
      return one[0] & 0xff;
    }

    private @Nullable String line() throws IOException {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      while (true) {
        int value = next();
        if (value < 0) {
          return null;
        }
        out.write(value);
        byte[] so = out.toByteArray();
        int n = so.length;
        if (n >= 2 && so[n - 2] == '\r' && so[n - 1] == '\n') {
          return new String(so, 0, n - 2, StandardCharsets.UTF_8);
        }
      }
    }

    private @Nullable String body() throws IOException {
      StringBuilder out = new StringBuilder();
      while (true) {
        String line = line();
        if (line == null) {
          return null;
        }
        if (line.equals(".")) {
          return out.toString();
        }
        out.append(line.startsWith(".") ? line.substring(1) : line).append("\r\n");
      }
    }

    private byte[] octets(int count) {
      byte[] out = new byte[count];
      byte[] first = ahead.toByteArray();
      int had = Math.min(count, first.length);
      System.arraycopy(first, 0, out, 0, had);
      ahead.reset();
      ahead.write(first, had, first.length - had);
      try {
        int got = wire.in().readNBytes(out, had, count - had);
        if (got < count - had) {
          throw new java.io.UncheckedIOException(new IOException("short chunk"));
        }
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
      return out;
    }
  }

  /** Counts bytes, and ends the connection at a limit. */
  private final class CountingWire extends WireOver {
    private final FakeHostSession session;

    CountingWire(Wire wire, FakeHostSession session) {
      super(wire);
      this.session = session;
    }

    @Override
    public InputStream in() {
      return new BlockInput() {

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
          int free = readsAtMost - session.received.get();
          if (free <= 0) {
            close();
            throw new IOException("deaf on purpose");
          }
          int count = below().in().read(into, offset, Math.min(length, free));
          session.received.addAndGet(Math.max(0, count));
          return count;
        }

        @Override
        public int available() throws IOException {
          return below().in().available();
        }
      };
    }

    @Override
    public OutputStream out() {
      return new BlockOutput() {

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          int free = Math.min(length, sendsAtMost - session.sent.get());
          below().out().write(bytes, offset, Math.max(0, free));
          session.sent.addAndGet(Math.max(0, free));
          if (free < length) {
            below().out().flush();
            close();
            throw new IOException("cut on purpose");
          }
        }

        @Override
        public void flush() throws IOException {
          below().out().flush();
        }
      };
    }
  }

  /** A wire that has some bytes to read before those of the network. */
  private static final class PushbackWire extends WireOver {
    private final byte[] first;
    private int position;

    PushbackWire(Wire wire, byte[] first) {
      super(wire);
      this.first = first;
    }

    @Override
    public InputStream in() {
      return new BlockInput() {

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
          int left = first.length - position;
          if (left == 0) {
            return below().in().read(into, offset, length);
          }
          int count = Math.min(left, length);
          System.arraycopy(first, position, into, offset, count);
          position += count;
          return count;
        }
      };
    }
  }
}

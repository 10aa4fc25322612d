package org.sealwax.testkit.sts;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * A policy host on loopback: real TCP, real TLS, and an answer that the test writes, byte by byte
 * where it must be wrong.
 */
public final class StsPolicyHost implements AutoCloseable {
  /** Its answer to a request; may delay. */
  public interface PolicyHostResponse {
    /** Writes it. */
    void to(OutputStream out) throws IOException, InterruptedException;
  }

  private static final TlsFactory FACTORY =
      new TlsFactory(TlsSettings.defaults(), Clock.system(), RandomSource.secure());
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int BACKLOG = 50;
  private static final int CONNECTIONS = 1_000;

  private final TcpListener server;
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<String> names = new CopyOnWriteArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private volatile Identity identity;
  private volatile PolicyHostResponse answer;

  /** Serves with this certificate until {@link #shows} states otherwise. */
  public StsPolicyHost(Identity identity, PolicyHostResponse answer) throws IOException {
    this.identity = identity;
    this.answer = answer;
    this.server =
        TcpListener.start(
            "policy host",
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
            BACKLOG,
            TcpListener.ClientGate.of(CONNECTIONS),
            this::serve,
            problem -> {});
  }

  /** A policy as it should be served. */
  public static PolicyHostResponse policy(String text) {
    return says(200, "text/plain; charset=utf-8", text);
  }

  /** An answer with these parts. */
  public static PolicyHostResponse says(int status, String type, String text) {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    return raw(
        "HTTP/1.1 " + status + " X\r\nContent-Type: " + type + "\r\nContent-Length: " + body.length,
        "\r\n\r\n" + text);
  }

  /** These bytes. */
  public static PolicyHostResponse raw(String... parts) {
    return out -> out.write(String.join("", parts).getBytes(StandardCharsets.UTF_8));
  }

  /** Where it listens. */
  public int port() {
    return server.address().getPort();
  }

  /** Serves this from now on. */
  public void says(PolicyHostResponse next) {
    answer = next;
  }

  /** Sets the certificate that it shows from now on. */
  public void shows(Identity next) {
    identity = next;
  }

  /** First lines and Host fields of the requests so far. */
  public List<String> requests() {
    return List.copyOf(requests);
  }

  /** The SNI of each handshake so far. */
  public List<String> names() {
    return List.copyOf(names);
  }

  /** Whether there are exactly this many connections, once the last one has been accepted. */
  public boolean waitsForConnections(int count) {
    long end = Clock.system().nanoTime() + LIMIT.toNanos();
    while (connections.get() < count && Clock.system().nanoTime() < end) {
      Thread.onSpinWait();
    }
    return connections.get() == count;
  }

  private void serve(Wire clear) throws IOException, InterruptedException {
    connections.incrementAndGet();
    TlsServer tls =
        FACTORY.server(
            ListenerTlsSettings.defaults("https"),
            IdentityStore.fixed(identity, Map.of(), Clock.system()),
            new ReferenceIdentity(List.of(), Set.of(), TrustRoots.none()));
    try (TlsWire wire = tls.accept(clear, LIMIT)) {
      names.add(String.valueOf(wire.handshake().serverName()));
      wire.readTimeout(LIMIT);
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
        int b = wire.in().read();
        if (b < 0) {
          return;
        }
        head.write(b);
      }
      requests.add(head.toString(StandardCharsets.US_ASCII));
      answer.to(wire.out());
      wire.out().flush();
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}

package org.sealwax.testkit.tls;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * Both ends of one TCP connection on loopback, with the TLS of {@code mail.tls} on one end or both,
 * and the certificates, offers and tasks that a handshake between them needs.
 */
public final class TlsConnectionPair {
  /** How long a handshake or a read may take. */
  public static final Duration LIMIT = Duration.ofSeconds(60);

  /** The authority of {@link #MX} and {@link #SENDER}. */
  public static final TestCa CA = TestCa.root("Test Root");

  /** A server's certificate. */
  public static final Identity MX = CA.identity("mx.example.org");

  /** A client's certificate. */
  public static final Identity SENDER = CA.identity("sender.example.net");

  /** {@link #CA} as what is trusted. */
  public static final TrustRoots ROOTS = CA.roots();

  /** Trust in no authority. */
  public static final TrustRoots NO_ROOTS = new TrustRoots("none", Set.of());

  private TlsConnectionPair() {}

  /** Both ends, without TLS. */
  public record LoopbackPair(Wire client, Wire server) {}

  /** A new connection; a read on either end waits {@link #LIMIT} at most. */
  public static LoopbackPair pair() throws IOException {
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Socket client = new Socket(listening.getInetAddress(), listening.getLocalPort());
      Socket server = listening.accept();
      LoopbackPair pair = new LoopbackPair(Wire.of(client), Wire.of(server));
      pair.client().readTimeout(LIMIT);
      pair.server().readTimeout(LIMIT);
      return pair;
    }
  }

  /** A factory for one engine, by the clock of the system. */
  public static TlsFactory factory(TlsEngine engine) {
    return factory(engine, Clock.system());
  }

  /**
   * A factory for one engine.
   *
   * @throws IllegalStateException when that engine cannot be loaded here
   */
  public static TlsFactory factory(TlsEngine engine, Clock clock) {
    TlsFactory factory = new TlsFactory(new TlsSettings(engine), clock, RandomSource.secure());
    if (factory.loadEngine() != engine) {
      throw new IllegalStateException(engine + " does not load here");
    }
    return factory;
  }

  /** A store with one certificate for every name. */
  public static IdentityStore store(Identity standard) {
    return IdentityStore.fixed(standard, Map.of(), Clock.system());
  }

  /** Reference identities: these names, by these roots. */
  public static ReferenceIdentity references(TrustRoots roots, String... names) {
    return new ReferenceIdentity(List.of(names).stream().map(Domain::of).toList(), Set.of(), roots);
  }

  /** An offer to {@code mx.example.org}. */
  public static ClientOffer offer(ReferenceIdentity references) {
    return offer("mx.example.org", references);
  }

  /** An offer with this SNI, or none: hybrid groups, client certificate, no resumption. */
  public static ClientOffer offer(@Nullable String name, ReferenceIdentity references) {
    return new ClientOffer(
        name == null ? null : Domain.of(name),
        TlsFloor.DEFAULT,
        TlsVersion.TLS_1_3,
        true,
        false,
        true,
        false,
        references,
        "key");
  }

  /** The same offer with these versions. */
  public static ClientOffer versions(ClientOffer o, TlsVersion lowest, TlsVersion highest) {
    return new ClientOffer(
        o.serverName(),
        new TlsFloor(lowest),
        highest,
        o.hybrid(),
        o.resumption(),
        o.clientCertificate(),
        o.fallbackScsv(),
        o.references(),
        o.resumptionKey());
  }

  /** Both ends after the handshake. */
  public record TlsSessionPair(TlsWire client, TlsWire server) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      client.close();
      server.close();
    }

    /** One line each way: what tickets and late alerts need. */
    public void chat() throws IOException {
      send(client, "ping");
      expect(server, "ping");
      send(server, "pong");
      expect(client, "pong");
    }
  }

  /** Writes ASCII text. */
  public static void send(Wire wire, String text) throws IOException {
    wire.out().write(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
  }

  /**
   * Reads this ASCII text.
   *
   * @throws IOException when something else comes
   */
  public static void expect(Wire wire, String text) throws IOException {
    String got =
        new String(wire.in().readNBytes(text.length()), java.nio.charset.StandardCharsets.US_ASCII);
    if (!got.equals(text)) {
      throw new IOException("expected " + text + ", got " + got);
    }
  }

  /** Starts a task in a thread of its own. */
  public static <T> FutureTask<T> start(Callable<T> body) {
    FutureTask<T> task = new FutureTask<>(body);
    Threads.start("test", task);
    return task;
  }

  /** The result of a task; its IOException as it was thrown. */
  public static <T> T end(FutureTask<T> task) throws IOException {
    try {
      return task.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The TLS failure of a task that must fail. */
  public static TlsException failure(FutureTask<?> task) {
    try {
      Object result = end(task);
      throw new AssertionError("no trouble, but " + result);
    } catch (TlsException e) {
      return e;
    } catch (IOException e) {
      throw new AssertionError("not TLS trouble", e);
    }
  }

  /**
   * A handshake over a new connection, the server in a thread of its own.
   *
   * @throws IOException what the client's side failed with, that of the server suppressed
   */
  public static TlsSessionPair shake(TlsServer server, TlsClient client, ClientOffer offer)
      throws IOException {
    LoopbackPair pair = pair();
    FutureTask<TlsWire> accepting = start(() -> server.accept(pair.server(), LIMIT));
    TlsWire there;
    try {
      there = client.connect(pair.client(), offer, LIMIT);
    } catch (IOException e) {
      try {
        end(accepting).close();
      } catch (IOException other) {
        e.addSuppressed(other);
      }
      throw e;
    }
    return new TlsSessionPair(there, end(accepting));
  }
}

package org.sealwax.mail.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TrustRoots;

/** A mail host on loopback with STARTTLS, or without it. Records the commands of its clients. */
final class TestMailHost implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final TlsFactory tls =
      new TlsFactory(TlsSettings.defaults(), Clock.system(), RandomSource.secure());
  private final ServerSocket server;
  private final @Nullable Identity identity;
  private final List<String> commands = new CopyOnWriteArrayList<>();

  /** Serves with this certificate; null: offers no STARTTLS. */
  TestMailHost(@Nullable Identity identity) {
    this.identity = identity;
    try {
      server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().name("mail host").start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  /** The first word of each command so far. */
  List<String> commands() {
    return List.copyOf(commands);
  }

  /** Waits until a client has sent QUIT, or fails after a time limit. */
  void awaitQuit() throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!commands.contains("QUIT")) {
      if (System.nanoTime() > end) {
        throw new AssertionError("no QUIT: " + commands);
      }
      Thread.sleep(5);
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    try (Wire clear = Wire.of(socket)) {
      clear.readTimeout(LIMIT);
      say(clear, "220 mx.example.org ESMTP");
      if (converse(clear, identity != null) && identity != null) {
        say(clear, "220 go ahead");
        try (Wire secured =
            tls.server(
                    ListenerTlsSettings.defaults("mx"),
                    IdentityStore.fixed(identity, Map.of(), Clock.system()),
                    new ReferenceIdentity(List.of(), Set.of(), TrustRoots.none()))
                .accept(clear, LIMIT)) {
          secured.readTimeout(LIMIT);
          boolean _ = converse(secured, false);
        }
      }
    } catch (IOException e) {
      // The client has gone, as some tests want it.
    }
  }

  /** Answers commands; true at STARTTLS, false at the end. */
  private boolean converse(Wire wire, boolean starttls) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(wire.in(), StandardCharsets.US_ASCII));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String verb = line.split(" ", 2)[0];
      commands.add(verb);
      switch (verb) {
        case "EHLO" -> say(wire, starttls ? "250-mx.example.org\r\n250 STARTTLS" : "250 mx");
        case "STARTTLS" -> {
          return true;
        }
        case "QUIT" -> {
          say(wire, "221 bye");
          return false;
        }
        default -> say(wire, "502 no");
      }
    }
    return false;
  }

  private static void say(Wire wire, String text) throws IOException {
    wire.out().write((text + "\r\n").getBytes(StandardCharsets.US_ASCII));
    wire.out().flush();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}

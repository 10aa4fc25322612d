package org.sealwax.testkit.tls;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.net.WireOver;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * A server side that others wrote: each connection has an {@code openssl s_server} of its own, with
 * the arguments that make it what it is. Ended by its test.
 */
public final class OpenSslServer implements TlsServer, AutoCloseable {
  private static final Path OPENSSL = Path.of("/usr/bin/openssl");

  private final Path folder;
  private final List<String> arguments;
  private final List<Process> started = new ArrayList<>();

  private OpenSslServer(Path folder, List<String> arguments) {
    this.folder = folder;
    this.arguments = arguments;
  }

  /** Whether this machine has one. */
  public static boolean isThere() {
    return Files.isExecutable(OPENSSL);
  }

  /**
   * A server with a self-signed certificate of a key as {@code openssl req -newkey} names it.
   *
   * @param folder for key and certificate
   */
  public static OpenSslServer of(Path folder, String key, String... arguments)
      throws IOException, InterruptedException {
    List<String> command =
        List.of(
            OPENSSL.toString(),
            "req",
            "-x509",
            "-newkey",
            key,
            "-nodes",
            "-keyout",
            folder.resolve("key.pem").toString(),
            "-out",
            folder.resolve("certificate.pem").toString(),
            "-subj",
            "/CN=mx.example.org",
            "-days",
            "3650");
    Process made = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (made.waitFor() != 0) {
      throw new IOException(output);
    }
    return new OpenSslServer(folder, List.of(arguments));
  }

  @Override
  public TlsWire accept(Wire clear, Duration total) throws TlsException {
    try {
      int port;
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        port = free.getLocalPort();
      }
      List<String> command =
          new ArrayList<>(
              List.of(
                  OPENSSL.toString(),
                  "s_server",
                  "-quiet",
                  "-naccept",
                  "1",
                  "-accept",
                  "127.0.0.1:" + port,
                  "-cert",
                  folder.resolve("certificate.pem").toString(),
                  "-key",
                  folder.resolve("key.pem").toString()));
      command.addAll(arguments);
      Process server =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      started.add(server);
      Socket socket = connect(server, port);
      Threads.start("to-openssl", () -> pump(clear.in(), socket, clear));
      Threads.start("from-openssl", () -> pump(socket, clear));
      return new OpenSslSession(clear, server);
    } catch (IOException e) {
      throw new TlsException(TlsException.Kind.CLOSED, "openssl does not serve", e);
    }
  }

  private static Socket connect(Process server, int port) throws IOException {
    IOException last = new IOException("it ended at once");
    while (server.isAlive()) {
      try {
        return new Socket(InetAddress.getLoopbackAddress(), port);
      } catch (IOException e) {
        last = e;
        Thread.onSpinWait();
      }
    }
    throw last;
  }

  private static void pump(InputStream from, Socket to, Wire clear) {
    try (to) {
      from.transferTo(to.getOutputStream());
    } catch (IOException e) {
      closeQuietly(clear);
    }
  }

  private static void pump(Socket from, Wire clear) {
    try {
      byte[] block = new byte[8_192];
      InputStream in = from.getInputStream();
      for (int count = in.read(block); count >= 0; count = in.read(block)) {
        clear.out().write(block, 0, count);
        clear.out().flush();
      }
    } catch (IOException e) {
      // One of both went away.
    } finally {
      closeQuietly(clear);
    }
  }

  private static void closeQuietly(Wire wire) {
    try {
      wire.close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }

  @Override
  public void close() {
    for (Process server : started) {
      server.destroy();
      try {
        if (!server.waitFor(5, TimeUnit.SECONDS)) {
          server.destroyForcibly();
        }
      } catch (InterruptedException e) {
        server.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }

  /** What the client says comes out of the process, and what goes into it is said to the client. */
  private static final class OpenSslSession extends WireOver implements TlsWire {
    private final Process server;

    OpenSslSession(Wire clear, Process server) {
      super(clear);
      this.server = server;
    }

    @Override
    public InputStream in() {
      return server.getInputStream();
    }

    @Override
    public OutputStream out() {
      return server.getOutputStream();
    }

    @Override
    public Handshake handshake() {
      return new Handshake(
          TlsVersion.TLS_1_2,
          "as it likes",
          0,
          null,
          false,
          null,
          List.of(),
          true,
          new Verdict.Anonymous(),
          List.of());
    }

    @Override
    public boolean truncated() {
      return false;
    }
  }
}

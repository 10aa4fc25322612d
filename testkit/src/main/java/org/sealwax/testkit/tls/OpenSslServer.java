package org.sealwax.testkit.tls;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.sealwax.mail.net.BlockInput;
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
 * A server of another implementation: each connection has an {@code openssl s_server} of its own,
 * with the given arguments. Ended by its test.
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
      // A socket in the folder: no other process can take its name, as one could a free port.
      // Named relative to the folder, for openssl takes at most 31 characters.
      String name = "s_server." + started.size();
      List<String> command =
          new ArrayList<>(
              List.of(
                  OPENSSL.toString(),
                  "s_server",
                  "-quiet",
                  "-naccept",
                  "1",
                  "-unix",
                  name,
                  "-cert",
                  folder.resolve("certificate.pem").toString(),
                  "-key",
                  folder.resolve("key.pem").toString()));
      command.addAll(arguments);
      Process server =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      started.add(server);
      SocketChannel channel = connect(server, folder.resolve(name));
      Threads.start("to-openssl", () -> pump(clear, channel));
      return new OpenSslSession(
          clear, server, Threads.start("from-openssl", () -> pump(channel, clear)));
    } catch (IOException e) {
      throw new TlsException(TlsException.Kind.CLOSED, "openssl s_server did not start", e);
    }
  }

  private static SocketChannel connect(Process server, Path at) throws IOException {
    IOException last = new IOException("it ended at once");
    while (server.isAlive()) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(at));
        return channel;
      } catch (IOException e) {
        channel.close();
        last = e;
        LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
      }
    }
    throw last;
  }

  private static void pump(Wire clear, SocketChannel to) {
    try (to) {
      byte[] block = new byte[8_192];
      for (int count = clear.in().read(block); count >= 0; count = clear.in().read(block)) {
        for (ByteBuffer left = ByteBuffer.wrap(block, 0, count); left.hasRemaining(); ) {
          to.write(left);
        }
      }
    } catch (IOException e) {
      closeQuietly(clear);
    }
  }

  private static void pump(SocketChannel from, Wire clear) {
    try {
      ByteBuffer block = ByteBuffer.allocate(8_192);
      while (from.read(block.clear()) >= 0) {
        clear.out().write(block.array(), 0, block.position());
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

  /**
   * The client's input is the output of the process, and the input of the process is sent to the
   * client.
   */
  private static final class OpenSslSession extends WireOver implements TlsWire {
    private final Process server;
    private final Thread toClient;

    OpenSslSession(Wire clear, Process server, Thread toClient) {
      super(clear);
      this.server = server;
      this.toClient = toClient;
    }

    /** Ends when the client has all that the process sent: its last record may be an alert. */
    @Override
    public InputStream in() {
      return new BlockInput() {
        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
          int count = server.getInputStream().read(into, offset, length);
          if (count < 0) {
            try {
              toClient.join();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
              throw new InterruptedIOException();
            }
          }
          return count;
        }
      };
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

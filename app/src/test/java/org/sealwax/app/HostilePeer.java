package org.sealwax.app;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.sealwax.mail.net.Threads;

/** A server that speaks SMTP, with a hostile text in every reply. */
final class HostilePeer implements AutoCloseable {
  private final Closeable socket;
  private final int port;
  private final String text;
  private final String greeting;

  private HostilePeer(Closeable socket, int port, String text, String greeting) {
    this.socket = socket;
    this.port = port;
    this.text = text;
    this.greeting = greeting;
  }

  /** At a port of this machine. */
  static HostilePeer mailServer(String text, String greeting) throws IOException {
    ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    HostilePeer peer = new HostilePeer(socket, socket.getLocalPort(), text, greeting);
    Threads.start("hostile", () -> peer.acceptAt(socket));
    return peer;
  }

  /** In place of the server that local programs submit to. */
  static HostilePeer submission(Path path, String text, String greeting) throws IOException {
    Files.deleteIfExists(path);
    ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    socket.bind(UnixDomainSocketAddress.of(path));
    HostilePeer peer = new HostilePeer(socket, 0, text, greeting);
    var _ = Threads.startPlatform("hostile", () -> peer.acceptAt(socket));
    return peer;
  }

  int port() {
    return port;
  }

  private void acceptAt(ServerSocket server) {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        Threads.start(
            "hostile",
            () -> {
              try (client) {
                talk(client.getInputStream(), client.getOutputStream());
              } catch (IOException e) {
                // The client has ended.
              }
            });
      } catch (IOException e) {
        return; // the test has ended
      }
    }
  }

  private void acceptAt(ServerSocketChannel server) {
    while (server.isOpen()) {
      try (SocketChannel client = server.accept()) {
        talk(Channels.newInputStream(client), Channels.newOutputStream(client));
      } catch (IOException e) {
        // The client has ended, or the test.
      }
    }
  }

  private void talk(InputStream in, OutputStream out) throws IOException {
    send(out, greeting);
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.ISO_8859_1));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("EHLO")) {
        send(out, "250-" + text + "\r\n250-STARTTLS\r\n250 X" + text + "\r\n");
      } else {
        send(out, "550 5.7.1 " + text + "\r\n");
      }
      if (line.equals("QUIT")) {
        return;
      }
    }
  }

  private static void send(OutputStream out, String reply) throws IOException {
    out.write(reply.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}

package org.sealwax.app;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.sealwax.mail.net.Threads;

/** A mail host without TLS that takes all mail, for tests that read a letter as it arrives. */
final class ReceivingHost implements AutoCloseable {
  private final ServerSocket socket;
  private final BlockingQueue<String> mail = new LinkedBlockingQueue<>();

  ReceivingHost() throws IOException {
    socket = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    Threads.start("mail-host", this::accept);
  }

  private void accept() {
    while (!socket.isClosed()) {
      try (Socket peer = socket.accept()) {
        talk(
            new BufferedReader(
                new InputStreamReader(peer.getInputStream(), StandardCharsets.UTF_8)),
            peer.getOutputStream());
      } catch (IOException e) {
        // The test has ended, or the client.
      }
    }
  }

  private void talk(BufferedReader in, OutputStream out) throws IOException {
    reply(out, "220 peer.example");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.equals("DATA")) {
        reply(out, "354 go on");
        StringBuilder content = new StringBuilder();
        for (line = in.readLine(); line != null && !line.equals("."); line = in.readLine()) {
          content.append(line).append('\n');
        }
        mail.add(content.toString());
        reply(out, "250 taken");
      } else {
        reply(out, line.startsWith("QUIT") ? "221 bye" : "250 peer.example");
      }
    }
  }

  private static void reply(OutputStream out, String line) throws IOException {
    out.write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  int port() {
    return socket.getLocalPort();
  }

  /**
   * The next message, waiting for it.
   *
   * @param why is shown when none comes
   */
  String next(Supplier<Object> why) throws InterruptedException {
    String letter = mail.poll(60, TimeUnit.SECONDS);
    if (letter == null) {
      throw new AssertionError("no mail came: " + why.get());
    }
    return letter;
  }
}

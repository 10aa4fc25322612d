package org.sealwax.router.server;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.sealwax.mail.net.Threads;

/** A mail server that replies to RCPT and to the end of data as a test wants. */
final class ScriptedTarget implements Closeable {
  private final ServerSocket listening =
      new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));

  /** The reply to RCPT. */
  volatile String recipient = "250 2.1.5 ok";

  /** The reply to the end of data. */
  volatile String end = "250 2.0.0 taken";

  /** Waited for before the reply to DATA. */
  volatile CountDownLatch data = new CountDownLatch(0);

  /** Waited for before the reply to the end of data. */
  volatile CountDownLatch dot = new CountDownLatch(0);

  /** Messages of which the end of data came. */
  final List<String> messages = new CopyOnWriteArrayList<>();

  /** Commands. */
  final List<String> commands = new CopyOnWriteArrayList<>();

  ScriptedTarget() throws IOException {
    Threads.start(
        "target",
        () -> {
          while (!listening.isClosed()) {
            try {
              Socket client = listening.accept();
              Threads.start("target-session", () -> serve(client));
            } catch (IOException e) {
              return;
            }
          }
        });
  }

  int port() {
    return listening.getLocalPort();
  }

  private void serve(Socket client) {
    try (client) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1));
      OutputStream out = client.getOutputStream();
      say(out, "220 target.example ESMTP");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        commands.add(line);
        String verb = line.split("[ :]", 2)[0];
        switch (verb) {
          case "RCPT" -> say(out, recipient);
          case "DATA" -> {
            data.await();
            say(out, "354 go");
            StringBuilder message = new StringBuilder();
            for (String part = in.readLine(); part != null; part = in.readLine()) {
              if (part.equals(".")) {
                messages.add(message.toString());
                dot.await();
                say(out, end);
                break;
              }
              message.append(part).append('\n');
            }
          }
          case "QUIT" -> {
            say(out, "221 bye");
            return;
          }
          default -> say(out, "250 ok");
        }
      }
    } catch (IOException e) {
      // The router closed the connection.
    } catch (InterruptedException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }

  private static void say(OutputStream out, String reply) throws IOException {
    out.write((reply + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
  }

  @Override
  public void close() throws IOException {
    listening.close();
    data.countDown();
    dot.countDown();
  }
}

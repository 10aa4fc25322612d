package org.sealwax.router.milter;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.sealwax.mail.net.Threads;

/** A filter that answers by a script and remembers what it read. */
public final class ScriptedMilter implements Closeable {
  private final ServerSocket listening;
  private final Map<Character, byte[]> answers = new HashMap<>();
  private final List<String> commands = new CopyOnWriteArrayList<>();
  private final CountDownLatch quits = new CountDownLatch(1);
  private volatile int protocol;

  /** Listens on loopback; continues after every command. */
  public ScriptedMilter() throws IOException {
    listening = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    for (char c : "CHMRTLNBEU".toCharArray()) {
      answers.put(c, packet('c', ""));
    }
    Threads.start("milter", this::accept);
  }

  /** A packet; each character of the text is one byte. */
  public static byte[] packet(char command, String data) {
    byte[] text = data.getBytes(StandardCharsets.ISO_8859_1);
    return ByteBuffer.allocate(5 + text.length)
        .putInt(1 + text.length)
        .put((byte) command)
        .put(text)
        .array();
  }

  /** Answers a command with these packets. */
  public ScriptedMilter on(char command, byte[]... packets) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] packet : packets) {
      all.writeBytes(packet);
    }
    answers.put(command, all.toByteArray());
    return this;
  }

  /** Negotiates these protocol flags. */
  public ScriptedMilter negotiates(int flags) {
    protocol = flags;
    return this;
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listening.getLocalSocketAddress();
  }

  /** What it read: command and data, NUL as a bar. */
  public List<String> commands() {
    return commands;
  }

  /** Waits until a client has quit. */
  public void awaitQuit() throws InterruptedException {
    quits.await();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listening.accept();
        Threads.start("milter-client", () -> serve(client));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void serve(Socket client) {
    try (client) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      while (true) {
        byte[] data = new byte[in.readInt()];
        in.readFully(data);
        char command = (char) data[0];
        if (command == 'O') {
          int version = answers.containsKey('O') ? 9 : 6;
          client
              .getOutputStream()
              .write(
                  ByteBuffer.allocate(17)
                      .putInt(13)
                      .put((byte) 'O')
                      .putInt(version)
                      .putInt(0x1ff)
                      .putInt(protocol)
                      .array());
          continue;
        }
        commands.add(
            command
                + new String(data, 1, data.length - 1, StandardCharsets.ISO_8859_1)
                    .replace('\0', '|'));
        if (command == 'Q') {
          quits.countDown();
          return;
        }
        byte[] answer = answers.get(command);
        if (answer != null) {
          client.getOutputStream().write(answer);
        }
      }
    } catch (EOFException e) {
      // The client went without QUIT.
    } catch (IOException e) {
      commands.add("broken");
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}

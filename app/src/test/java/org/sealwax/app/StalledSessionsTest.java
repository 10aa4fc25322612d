package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.router.server.RouterTestClient;

/**
 * A flood of sessions that each hold as much as they can and then fall silent, against a process
 * with a small heap: it continues, defers mail, accepts mail of local programs, and is well again
 * when the flood is over.
 */
@Tag("process")
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class StalledSessionsTest {
  private static final int CLIENTS = 2_400;
  private static final int FIRST = 60;

  private static final String SERVER =
      """
      [server]
      hostname = "mx.example.org"
      state = "state"
      [[listener]]
      address = "127.0.0.1:0"
      [[transport]]
      domain = "*"
      next_hop = "[127.0.0.1]:1"
      """;

  private final Queue<Socket> open = new ConcurrentLinkedQueue<>();
  private final AtomicInteger inBody = new AtomicInteger();
  private final AtomicInteger deferred = new AtomicInteger();

  @TempDir private Path folder = Path.of("");

  private int sealwax(String in, String... words) {
    PrintStream print = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    ProcessEnvironment around =
        new ProcessEnvironment(
            Map.of(),
            new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)),
            print,
            print,
            "tester",
            folder,
            folder);
    return new CommandLine(around).run(words);
  }

  private static String group() {
    StringBuilder group = new StringBuilder("EHLO c.example\r\nMAIL FROM:<a@example.org>\r\n");
    String long64 = "x".repeat(60);
    for (int i = 0; i < 100; i++) {
      group.append("RCPT TO:<").append(i).append(long64).append("@example.net>\r\n");
    }
    return group.append("DATA\r\n").toString();
  }

  private void stall(int port, byte[] group, byte[] body) {
    Socket socket = new Socket();
    open.add(socket);
    try {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 5_000);
      socket.setSoTimeout(5_000);
      byte[] replies = new byte[64 * 1024];
      if (socket.getInputStream().read(replies) < 0 || replies[0] != '2') {
        deferred.incrementAndGet();
        return;
      }
      socket.getOutputStream().write(group);
      StringBuilder output = new StringBuilder();
      while (output.indexOf("\n354") < 0) {
        int count = socket.getInputStream().read(replies);
        if (count < 0) {
          return;
        }
        output.append(new String(replies, 0, count, StandardCharsets.US_ASCII));
        if (output.indexOf("452 4.3.1") >= 0 || output.indexOf("421 ") >= 0) {
          deferred.incrementAndGet();
          return;
        }
      }
      socket.getOutputStream().write(body);
      inBody.incrementAndGet();
    } catch (IOException e) {
      // Turned away, or it waits in the backlog: that is what limits do.
    }
  }

  private void flood(int port, int count, byte[] group, byte[] body) throws InterruptedException {
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      clients.add(Thread.startVirtualThread(() -> stall(port, group, body)));
    }
    for (Thread client : clients) {
      client.join();
    }
  }

  @Test
  void theProcessSurvivesAndIsHealthyAfterwards() throws Exception {
    Path file = Files.writeString(folder.resolve("sealwax.toml"), SERVER);
    byte[] group = group().getBytes(StandardCharsets.US_ASCII);
    byte[] body = "y".repeat(998).concat("\r\n").repeat(110).getBytes(StandardCharsets.US_ASCII);
    try (ServerProcess server = new ServerProcess(file, Map.of())) {
      // The first ones get far; of the others most find no memory, and the rest no session.
      flood(server.port(), FIRST, group, body);
      flood(server.port(), CLIENTS - FIRST, group, body);
      assertTrue(inBody.get() > 20, inBody + " in their body");
      assertTrue(deferred.get() > 20, deferred + " put off");
      assertEquals(ExitStatus.OK, sealwax("", "queue", "count", "--config", file.toString()));
      String mail = "Subject: x\n\nx\n";
      assertEquals(
          ExitStatus.OK,
          sealwax(
              mail, "sendmail", "--config", file.toString(), "-f", "a@b.example", "c@d.example"));
      assertHealthy(server);
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  /** The flood is over. */
  private void assertHealthy(ServerProcess server) throws Exception {
    for (Socket socket : open) {
      socket.close();
    }
    try (RouterTestClient client = new RouterTestClient(server.port())) {
      assertTrue(client.reply().startsWith("220"));
      client.exchange("EHLO client.example");
      client.exchange("MAIL FROM:<a@example.org>");
      assertTrue(client.exchange("RCPT TO:<b@example.net>").startsWith("250"));
      assertTrue(client.exchange("DATA").startsWith("354"));
      assertTrue(client.exchange("Subject: x\r\n\r\nx\r\n.").startsWith("250"));
    }
    server.signal("TERM");
    assertEquals(ExitStatus.OK, server.end());
    String log = server.output();
    assertFalse(log.contains("OutOfMemory") || log.contains("sealwax/bug"), log);
  }

  /** Silence at other places of a session, each with as much as it can hold there. */
  @Tag("slow")
  @ParameterizedTest
  @ValueSource(
      strings = {
        "nothing",
        "half a command",
        "a line without end",
        "half a ClientHello",
        "STARTTLS",
        "a chunk",
        "an endless header line",
        "a header",
        "unread replies",
        "AUTH"
      })
  void survivesSilenceAnywhere(String where) throws Exception {
    Path file = Files.writeString(folder.resolve("sealwax.toml"), SERVER);
    byte[] sent = upTo(where).getBytes(StandardCharsets.ISO_8859_1);
    try (ServerProcess server = new ServerProcess(file, Map.of())) {
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(Thread.startVirtualThread(() -> silent(server.port(), sent)));
      }
      for (Thread client : clients) {
        client.join();
      }
      assertEquals(ExitStatus.OK, sealwax("", "queue", "count", "--config", file.toString()));
      assertHealthy(server);
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  private static String upTo(String where) {
    String hello = "EHLO c.example\r\n";
    String envelope = hello + "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n";
    return switch (where) {
      case "nothing" -> "";
      case "half a command" -> hello + "MAIL FROM:<a";
      case "a line without end" -> hello + "x".repeat(200_000);
      case "half a ClientHello" -> hello + "STARTTLS\r\n\u0016\u0003\u0001\u0002\u0000\u0001";
      case "STARTTLS" -> hello + "STARTTLS\r\n";
      case "a chunk" -> envelope + "BDAT 20000000\r\n" + "y".repeat(200_000);
      case "an endless header line" -> envelope + "DATA\r\nSubject: " + "z".repeat(200_000);
      case "a header" -> envelope + "DATA\r\n" + "X-Delivered: zzzzzzzzzz\r\n".repeat(10_000);
      case "unread replies" -> hello.repeat(20_000);
      case "AUTH" -> hello + "AUTH PLAIN\r\n" + "A".repeat(20_000);
      default -> throw new AssertionError(where);
    };
  }

  private void silent(int port, byte[] sent) {
    Socket socket = new Socket();
    open.add(socket);
    try {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 5_000);
      socket.setSoTimeout(5_000);
      Thread.startVirtualThread(
          () -> {
            try {
              socket.getOutputStream().write(sent);
            } catch (IOException e) {
              // Turned away.
            }
          });
      var _ = socket.getInputStream().read();
      Thread.sleep(1_000);
    } catch (IOException e) {
      // Turned away, or it waits in the backlog.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

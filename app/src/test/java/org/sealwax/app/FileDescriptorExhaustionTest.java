package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.FileDescriptors;
import org.sealwax.router.server.RouterTestClient;

/** A process without file descriptors logs it, blames neither disk nor next hop, and recovers. */
@Tag("process")
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class FileDescriptorExhaustionTest {
  private static final int MOST = 160;

  @TempDir private Path folder = Path.of("");

  private static String send(RouterTestClient client, String domain) throws IOException {
    return send(client, domain, "x");
  }

  private static String send(RouterTestClient client, String domain, String body)
      throws IOException {
    client.exchange("RSET");
    client.exchange("MAIL FROM:<a@example.org>");
    assertTrue(client.exchange("RCPT TO:<b@" + domain + ">").startsWith("250"));
    String reply = client.exchange("DATA");
    return reply.startsWith("354") ? client.exchange("Subject: x\r\n\r\n" + body + "\r\n.") : reply;
  }

  @Test
  void isReportedAsSuchAndTheProcessRecovers() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("sealwax.toml"),
            """
            [server]
            hostname = "mx.example.org"
            state = "state"
            [[listener]]
            address = "127.0.0.1:0"
            [[transport]]
            domain = "*"
            next_hop = "[127.0.0.1]:1"
            [[transport]]
            domain = "second.example"
            next_hop = "[127.0.0.1]:2"
            """);
    List<Socket> idle = new ArrayList<>();
    try (ServerProcess server = ServerProcess.withDescriptors(MOST, file, folder);
        RouterTestClient client = new RouterTestClient(server.port())) {
      assertTrue(client.reply().startsWith("220"));
      client.exchange("EHLO client.example");
      // What is opened at the first message is open.
      assertTrue(send(client, "first.example").startsWith("250"));
      server.line("status=deferred");
      for (int i = 0; i < MOST; i++) {
        idle.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
      }
      server.line(FileDescriptors.TEXT);
      // Until the free space on the disk is determined again, which takes no descriptor.
      Thread.sleep(1100);
      String reply = send(client, "second.example");
      assertFalse(reply.startsWith("452"), reply);
      if (reply.startsWith("250")) {
        String deferred = server.line("status=deferred");
        assertTrue(deferred.contains(FileDescriptors.TEXT), deferred);
      }
      // A content that needs a file of its own.
      String large = send(client, "second.example", "y".repeat(900).concat("\r\n").repeat(300));
      assertTrue(large.startsWith("451") || large.startsWith("250"), large);
      for (Socket socket : idle) {
        socket.close();
      }
      while (!send(client, "second.example").startsWith("250")) {
        Thread.sleep(50);
      }
      assertTrue(server.isAlive());
      String log = server.output().toLowerCase(java.util.Locale.ROOT);
      assertFalse(log.contains("disk is") || log.contains("sealwax/bug"), log);
      assertFalse(server.output().contains("bytes are free"), server.output());
    } finally {
      for (Socket socket : idle) {
        socket.close();
      }
    }
  }
}

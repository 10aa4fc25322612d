package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.router.server.RouterTestClient;

/**
 * A message that ends the process whenever it is delivered: other mail goes out, and it is held.
 */
@Tag("process")
@Tag("long")
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class PoisonedMessageTest {
  private static final int OTHERS = 8;

  @TempDir private Path folder = Path.of("");

  private Path configured() throws IOException {
    Path script = folder.resolve("deliver");
    Files.writeString(
        script,
        """
        #!/bin/sh
        cd %s || exit 75
        cat >got.$$
        if grep -q '^Subject: poison' got.$$; then
          while [ ! -s pid ]; do sleep 0.05; done
          kill -9 "$(cat pid)"
        else
          mv got.$$ good.$$
        fi
        """
            .formatted(folder));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(folder.resolve("aliases"), "joe: pipe:deliver\n");
    return Files.writeString(
        folder.resolve("sealwax.toml"),
        """
        [server]
        hostname = "mx.example.org"
        state = "state"
        [[listener]]
        address = "127.0.0.1:0"
        [[alias_domain]]
        domain = "project.example"
        file = "aliases"
        [[pipe]]
        name = "deliver"
        command = ["%s"]
        wrapper = ["/usr/bin/env"]
        """
            .formatted(script));
  }

  private void send(ServerProcess server, String subject) throws IOException {
    try (RouterTestClient client = new RouterTestClient(server.port())) {
      client.reply();
      client.exchange("EHLO client.example");
      client.exchange("MAIL FROM:<a@example.org>");
      assertTrue(client.exchange("RCPT TO:<joe@project.example>").startsWith("250"));
      assertTrue(client.exchange("DATA").startsWith("354"));
      assertTrue(client.exchange("Subject: " + subject + "\r\n\r\nx\r\n.").startsWith("250"));
    }
  }

  private ServerProcess start(Path file) throws Exception {
    Files.deleteIfExists(folder.resolve("pid"));
    return new ServerProcess(file, Map.of());
  }

  /** Lets the poison work. */
  private void arm(ServerProcess server) throws IOException {
    Files.writeString(folder.resolve("pid.new"), Long.toString(server.pid()));
    Files.move(folder.resolve("pid.new"), folder.resolve("pid"));
  }

  private long delivered() throws IOException {
    try (var files = Files.list(folder)) {
      return files.filter(f -> String.valueOf(f.getFileName()).startsWith("good.")).count();
    }
  }

  @Test
  void isHeldAfterTwoCrashesAndDelaysNoOtherMail() throws Exception {
    Path file = configured();
    try (ServerProcess first = start(file)) {
      send(first, "poison");
      for (int i = 0; i < OTHERS; i++) {
        send(first, "good");
      }
      arm(first);
      assertEquals(128 + 9, first.end());
    }
    try (ServerProcess second = start(file)) {
      arm(second);
      assertEquals(128 + 9, second.end());
    }
    try (ServerProcess third = start(file)) {
      arm(third);
      send(third, "good");
      while (delivered() < OTHERS + 1) {
        Thread.sleep(20);
      }
      third.signal("TERM");
      assertEquals(ExitStatus.OK, third.end());
      assertTrue(
          third
              .output()
              .contains("was in delivery at two unexpected ends of the process and is held"),
          third.output());
    }
  }
}

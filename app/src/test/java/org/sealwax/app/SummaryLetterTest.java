package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.router.feedback.FeedbackStore;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.server.RouterTestClient;

/** The letter that the postmaster of a running server gets once a day, as it arrives. */
@Tag("process")
@Tag("long")
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SummaryLetterTest {
  private static final String CONFIGURATION =
      """
      [server]
      hostname = "mx.project.example"
      state = "state"
      postmaster = "ann@peer.example"
      [[listener]]
      address = "127.0.0.1:0"
      [inbound]
      dmarc = "off"
      [feedback]
      addresses = ["feedback@project.example"]
      [[alias_domain]]
      domain = "project.example"
      file = "aliases"
      [[transport]]
      domain = "*"
      next_hop = "[127.0.0.1]:%d"
      """;

  @TempDir private Path folder = Path.of("");

  @Test
  void heldMailAndReportsAreInTheLetterOfTheDay() throws Exception {
    try (ReceivingHost host = new ReceivingHost()) {
      Path file =
          Files.writeString(folder.resolve("sealwax.toml"), CONFIGURATION.formatted(host.port()));
      Files.writeString(folder.resolve("aliases"), "ann: ann@peer.example\n");
      Files.createDirectories(folder.resolve("state"));
      Path store = folder.resolve("state").resolve(FeedbackStore.FILE);
      try (ServerProcess server = new ServerProcess(file, Map.of())) {
        // Held at once: a next hop that does not answer would take its time.
        Files.writeString(file, CONFIGURATION.formatted(1));
        assertEquals(ExitStatus.OK, ServerProcess.run(file, "reload").code());
        try (RouterTestClient client = new RouterTestClient(server.port())) {
          assertTrue(client.reply().startsWith("220"));
          for (String command :
              List.of(
                  "EHLO client.example",
                  "MAIL FROM:<joe@origin.example>",
                  "RCPT TO:<bob@peer.example>",
                  "DATA",
                  "Subject: hello\r\n\r\nx\r\n.",
                  "QUIT")) {
            String reply = client.exchange(command);
            assertTrue(reply.charAt(0) < '4', reply);
          }
        }
        ServerProcess.ProcessResult hold = ServerProcess.run(file, "queue", "hold", "--all");
        assertEquals(ExitStatus.OK, hold.code(), hold.out() + hold.err());
        server.signal("TERM");
        assertEquals(ExitStatus.OK, server.end());
      }
      report(store);
      // The last letter was sent two days ago.
      Files.writeString(
          folder.resolve("state/held-summary"),
          Instant.now().minus(Duration.ofDays(2)).getEpochSecond() + "\n");
      Files.writeString(file, CONFIGURATION.formatted(host.port()));
      try (ServerProcess server = new ServerProcess(file, Map.of())) {
        String letter = host.next(server::output);
        for (String line :
            List.of(
                "Subject: Held mail: 1 recipient waits for a decision",
                "To: <ann@peer.example>",
                "1 message to bob@peer.example, reason by-hand, ",
                "reporter.example reported 3 bounces about mail for ann@project.example")) {
          assertTrue(letter.contains("\n" + line), () -> line + " is missing:\n" + letter);
        }
        assertFalse(letter.contains("\n\n\n"), letter);
        assertFalse(letter.contains("\u202e"), letter);
        assertTrue(letter.contains("\\u202e"), letter);
        letter.lines().forEach(line -> assertTrue(line.length() <= 998, line));
        server.signal("TERM");
        assertEquals(ExitStatus.OK, server.end());
      }
    }
  }

  /** As a report that a reporter signed would be counted. */
  private static void report(Path store) throws Exception {
    FeedbackStore.open(store, new RecordingMailLog().log()).close();
    try (Connection file = DriverManager.getConnection("jdbc:sqlite:" + store);
        PreparedStatement row =
            file.prepareStatement("INSERT INTO reported VALUES(?, ?, ?, ?, ?, ?, 3, 3)")) {
      row.setLong(1, LocalDate.now(ZoneOffset.UTC).toEpochDay());
      row.setString(2, "bounce");
      row.setString(3, "ann@project.example");
      row.setString(4, "ann@peer.example");
      row.setString(5, "reporter.example");
      row.setString(6, "5.1.1 unknown \u202e user " + "x".repeat(2_000));
      row.executeUpdate();
    }
  }
}

package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.net.Threads;
import org.sealwax.testkit.net.MemoryWire;

/** Whole sessions of nonsense: none escapes, leaks, hangs, or ends without a word. */
final class SessionFuzzTest {
  private static final String[] PARTS = {
    "EHLO a.example\r\n",
    "HELO a\r\n",
    "MAIL FROM:<a@b.example>\r\n",
    "MAIL FROM:<>\r\n",
    "MAIL FROM:<a@b.example> SIZE=10 BODY=8BITMIME SMTPUTF8\r\n",
    "RCPT TO:<jones@example.org>\r\n",
    "RCPT TO:<postmaster>\r\n",
    "RCPT TO:<x@y.example> NOTIFY=NEVER\r\n",
    "DATA\r\n",
    "BDAT 5\r\n",
    "BDAT 3 LAST\r\n",
    "BDAT 99999999999 LAST\r\n",
    "abc\r\n",
    "\r\n.\r\n",
    ".\r\n",
    "RSET\r\n",
    "NOOP\r\n",
    "QUIT\r\n",
    "STARTTLS\r\n",
    "\u0016hello",
    "AUTH PLAIN\r\n",
    "AUTH PLAIN AGpvZQBzZWNyZXQ=\r\n",
    "*\r\n",
    "AGpvZQBzZWNyZXQ=\r\n",
    "VRFY x\r\n",
    "EXPN x\r\n",
    "HELP\r\n",
    "\n",
    "\r",
    "\0",
    "\u00ff",
    "Received: x\r\n",
    "Delivered-To: jones@example.org\r\n",
    " ",
    "<",
    "\"",
    "\\",
    "%",
    "x"
  };

  private static SessionHarness server(int round) throws IOException {
    SessionHarness server = new SessionHarness();
    server.option("user jones@example.org");
    server.option("postmaster a@b.example");
    if (round % 3 == 0) {
      server.option("auth joe secret");
    }
    if (round % 5 == 0) {
      server.option("store broken " + (round % 2 == 0 ? "write" : "commit"));
    }
    if (round % 7 == 0) {
      server.option("tls implicit");
    }
    server.option("size 2000");
    return server;
  }

  @Test
  @Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void everySessionEndsWithAReplyAndLeaksNothing() throws Exception {
    int taken = 0;
    for (int round = 0; round < 1_500; round++) {
      Random random = new Random(round);
      SessionHarness server = server(round);
      MemoryWire client = server.start();
      ByteArrayOutputStream output = new ByteArrayOutputStream();
      Thread listening = Threads.start("listening", () -> readAll(client.in(), output));
      if (round % 8 > 0) {
        // Most wait for the greeting; who talks before it gets no further than a 554.
        server.serverEnd().awaitReader();
      }
      if (random.nextInt(4) > 0) {
        // Most go some way in, so that the depths are reached.
        say(client, "EHLO a.example\r\n", server);
        say(client, "MAIL FROM:<a@b.example>\r\nRCPT TO:<jones@example.org>\r\n", server);
      }
      for (int i = random.nextInt(25); i >= 0; i--) {
        StringBuilder packet = new StringBuilder();
        for (int j = random.nextInt(3); j >= 0; j--) {
          packet.append(PARTS[random.nextInt(PARTS.length)]);
        }
        mutate(packet, random);
        if (!say(client, packet.toString(), server)) {
          break;
        }
      }
      client.endOutput();
      server.finishAfterEnd();
      listening.join();
      String talk = output.toString(StandardCharsets.UTF_8);
      int at = round;
      assertFalse(server.log.has("bug"), () -> "round " + at + ": " + server.log.lines());
      assertEquals(0, server.intake.openEntries(), "round " + round + " leaks an entry");
      assertEquals(0, server.memory.taken(), "round " + round + " leaks memory");
      assertTrue(
          talk.startsWith("220 ") || talk.startsWith("554 5.5.1 command sent"),
          () -> "round " + at);
      for (String line : talk.replace("\u0016done!", "").split("\r\n")) {
        assertTrue(line.matches("[2345]\\d\\d[ -].*"), () -> "round " + at + ": " + line);
      }
      taken += server.intake.kept().size();
    }
    assertTrue(taken > 20, "the nonsense never got a message through: " + taken);
  }

  private static void mutate(StringBuilder packet, Random random) {
    if (random.nextInt(6) == 0 && !packet.isEmpty()) {
      packet.setCharAt(random.nextInt(packet.length()), (char) random.nextInt(256));
    }
  }

  private static boolean say(MemoryWire client, String packet, SessionHarness server)
      throws InterruptedException {
    try {
      client.out().write(packet.getBytes(StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      return false;
    }
    server.serverEnd().awaitReader();
    return true;
  }

  private static void readAll(InputStream in, ByteArrayOutputStream into) {
    byte[] block = new byte[4_096];
    try {
      int count;
      while ((count = in.read(block)) > 0) {
        into.write(block, 0, count);
      }
    } catch (IOException e) {
      // Closed under us; what was said is kept.
    }
  }

  @Test
  @Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void cutConnectionStoresNoPartialMessage() throws Exception {
    String whole =
        String.join(
            "\r\n",
            "EHLO a.example",
            "MAIL FROM:<a@b.example>",
            "RCPT TO:<jones@example.org>",
            "BDAT 5",
            "abc",
            "BDAT 3 LAST",
            "d",
            "QUIT",
            "");
    int end = whole.indexOf("d\r\nQUIT") + 3;
    for (int cut = 0; cut <= whole.length(); cut++) {
      SessionHarness server = new SessionHarness();
      server.option("user jones@example.org");
      MemoryWire client = server.start();
      server.serverEnd().awaitReader();
      client.out().write(whole.substring(0, cut).getBytes(StandardCharsets.ISO_8859_1));
      client.endOutput();
      server.finishAfterEnd();
      assertEquals(0, server.intake.openEntries(), "cut at " + cut);
      assertEquals(0, server.memory.taken(), "cut at " + cut);
      assertEquals(cut >= end ? 1 : 0, server.intake.kept().size(), "cut at " + cut);
      assertFalse(server.log.has("bug"), () -> server.log.lines().toString());
    }
  }
}

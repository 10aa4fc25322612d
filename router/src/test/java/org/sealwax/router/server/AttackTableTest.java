package org.sealwax.router.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.TextMailLog;
import org.sealwax.testkit.tls.TestCa;

/**
 * Attacks, one row each, against the wired program over real sockets: what is sent, what is
 * answered, and that nothing was accepted.
 */
@Timeout(600)
final class AttackTableTest {
  private static final String OPEN =
      "EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
  private static final String SECOND =
      "MAIL FROM:<evil@b.example>\r\nRCPT TO:<victim@d.example>\r\nDATA\r\nSubject: evil\r\n";

  /** Ends of a message that are none. */
  private static final List<String> FALSE_ENDS =
      List.of(
          "\n.\n",
          "\n.\r\n",
          "\r.\r",
          "\r.\r\n",
          "\r\n.\n",
          "\r\n.\r",
          "\r\n.\r\r\n",
          "\r\n\0.\r\n",
          "\r\n.\0\r\n",
          "\n\n.\r\n",
          "\r\r\n.\r\r\n");

  @TempDir private Path folder = Path.of("");
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private TextMailLog lines = new TextMailLog(LogSettings.defaults(), written, Clock.system());
  private final List<RouterUnderTest> running = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    running.add(new RouterUnderTest(folder, lines));
  }

  @AfterEach
  void stop() {
    running.forEach(RouterUnderTest::close);
    lines.close();
  }

  private RouterUnderTest wired() {
    return running.getFirst();
  }

  /** Where an attack begins. */
  private enum AttackOrigin {
    /** After the greeting. */
    GREETING,
    /** After RCPT was taken. */
    ENVELOPE,
    /** After 354. */
    DATA,
    /** Inside TLS, before EHLO. */
    TLS,
    /** Inside TLS, after EHLO. */
    TLS_EHLO
  }

  /**
   * One attack.
   *
   * @param bytes sent in one go
   * @param replies the codes of all replies to it, to the end of the conversation; a client's QUIT
   *     is added where the server goes on
   */
  private record AttackCase(String name, AttackOrigin from, String bytes, String replies) {}

  private static AttackCase attack(String name, AttackOrigin from, String octets, String replies) {
    return new AttackCase(name, from, octets, replies);
  }

  private static List<AttackCase> attacks() {
    List<AttackCase> all = new ArrayList<>();
    for (String end : FALSE_ENDS) {
      String shown = end.replace("\r", "<CR>").replace("\n", "<LF>").replace("\0", "<NUL>");
      all.add(
          attack(
              "smuggling by " + shown,
              AttackOrigin.DATA,
              "Subject: x\r\n\r\nx" + end + SECOND + "\r\n.\r\nQUIT\r\n",
              "550 221"));
    }
    all.addAll(
        List.of(
            attack(
                "bytes behind STARTTLS",
                AttackOrigin.ENVELOPE,
                "RSET\r\nSTARTTLS\r\nNOOP\r\n",
                "250 554"),
            attack(
                "bytes behind DATA",
                AttackOrigin.ENVELOPE,
                "DATA\r\nSubject: x\r\n\r\nx\r\n.\r\n",
                "554"),
            attack(
                "plaintext instead of a handshake", AttackOrigin.GREETING, "STARTTLS\r\n", "220"),
            attack(
                "an envelope from before TLS",
                AttackOrigin.TLS,
                "RCPT TO:<c@d.example>\r\nQUIT\r\n",
                "503 221"),
            attack(
                "MAIL before the second EHLO",
                AttackOrigin.TLS,
                "MAIL FROM:<a@b.example>\r\nQUIT\r\n",
                "503 221"),
            attack("STARTTLS inside TLS", AttackOrigin.TLS_EHLO, "STARTTLS\r\nQUIT\r\n", "503"),
            attack(
                "a command too long",
                AttackOrigin.GREETING,
                "NOOP " + "x".repeat(5_000) + "\r\nQUIT\r\n",
                "500 221"),
            attack("a command without end", AttackOrigin.GREETING, "x".repeat(200_000), "521"),
            attack("NUL in a command", AttackOrigin.GREETING, "NOOP \0\r\nQUIT\r\n", "500 221"),
            attack(
                "bare CR in a command", AttackOrigin.GREETING, "NOOP\rQUIT\r\nQUIT\r\n", "500 221"),
            attack("bare LF after a command", AttackOrigin.GREETING, "NOOP\nQUIT\r\n", "521"),
            attack(
                "a web request",
                AttackOrigin.GREETING,
                "POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\n",
                "554"),
            attack(
                "a message too large by SIZE",
                AttackOrigin.GREETING,
                "EHLO a\r\nMAIL FROM:<a@b.example> SIZE=999999999\r\nQUIT\r\n",
                "250 552 221"),
            attack(
                "SIZE beyond any number",
                AttackOrigin.GREETING,
                "EHLO a\r\nMAIL FROM:<a@b.example> SIZE=99999999999999999999999\r\nQUIT\r\n",
                "250 501 221"),
            attack(
                "a message too large in fact",
                AttackOrigin.DATA,
                "x\r\n".repeat(100_000) + ".\r\nQUIT\r\n",
                "552 221"),
            attack(
                "a line too long in the header",
                AttackOrigin.DATA,
                "Subject: " + "x".repeat(70_000) + "\r\n\r\n.\r\nQUIT\r\n",
                "550 221"),
            attack("NUL in the body", AttackOrigin.DATA, "a\0b\r\n.\r\nQUIT\r\n", "550 221"),
            attack(
                "a loop of Received",
                AttackOrigin.DATA,
                "Received: x\r\n".repeat(101) + "\r\nx\r\n.\r\nQUIT\r\n",
                "554 221"),
            attack(
                "too many recipients",
                AttackOrigin.GREETING,
                "EHLO a\r\nMAIL FROM:<a@b.example>\r\n" + rcpt(101) + "RSET\r\nQUIT\r\n",
                "250 250" + " 250".repeat(100) + " 452 250 221"),
            attack(
                "recipients without end",
                AttackOrigin.GREETING,
                "EHLO a\r\nMAIL FROM:<a@b.example>\r\n" + rcpt(1_101),
                "250 250" + " 250".repeat(100) + " 452".repeat(1_000) + " 421"),
            attack(
                "errors without end",
                AttackOrigin.GREETING,
                "FOO\r\n".repeat(41),
                "500 ".repeat(41) + "421"),
            attack(
                "commands without end",
                AttackOrigin.GREETING,
                "NOOP\r\n".repeat(101),
                "250 ".repeat(101) + "421"),
            attack(
                "empty chunks without end",
                AttackOrigin.ENVELOPE,
                "BDAT 0\r\n".repeat(105),
                "250 ".repeat(100) + "421"),
            attack(
                "BDAT of less than nothing",
                AttackOrigin.ENVELOPE,
                "BDAT -5 LAST\r\nRSET\r\n",
                "501"),
            attack(
                "BDAT beyond any number",
                AttackOrigin.ENVELOPE,
                "BDAT 99999999999999999999 LAST\r\nRSET\r\n",
                "552"),
            attack(
                "BDAT of the largest number",
                AttackOrigin.ENVELOPE,
                "BDAT 9223372036854775807 LAST\r\nRSET\r\n",
                "552"),
            attack(
                "DATA after BDAT",
                AttackOrigin.ENVELOPE,
                "BDAT 3\r\nabcDATA\r\nQUIT\r\n",
                "250 503"),
            attack(
                "smuggling by BDAT",
                AttackOrigin.ENVELOPE,
                "BDAT " + (4 + SECOND.length()) + " LAST\r\n\n.\r\n" + SECOND + "QUIT\r\n",
                "550 221"),
            attack(
                "BDAT without recipients",
                AttackOrigin.GREETING,
                "EHLO a\r\nMAIL FROM:<a@b.example>\r\nBDAT 6 LAST\r\nRSET\r\nQUIT\r\n",
                "250 250 554 221"),
            attack(
                "AUTH in plaintext",
                AttackOrigin.GREETING,
                "EHLO a\r\nAUTH PLAIN AGpvZQB4\r\nQUIT\r\n",
                "250 538"),
            attack("AUTH cancelled", AttackOrigin.TLS_EHLO, "AUTH PLAIN\r\n", "334"),
            attack(
                "AUTH with a huge response",
                AttackOrigin.TLS_EHLO,
                "AUTH PLAIN " + "A".repeat(20_000) + "\r\nQUIT\r\n",
                "500 221"),
            attack(
                "AUTH guessed", AttackOrigin.TLS_EHLO, "AUTH PLAIN AGpvZQB4\r\n".repeat(3), "535"),
            attack(
                "AUTH for somebody else",
                AttackOrigin.TLS_EHLO,
                "AUTH PLAIN cm9vdABqb2UAY29ycmVjdCBob3JzZQ==\r\nQUIT\r\n",
                "535"),
            attack(
                "a name that breaks lines",
                AttackOrigin.GREETING,
                "EHLO a\u001b[31m\r\nQUIT\r\n",
                "501 221"),
            attack(
                "a name that ends a comment",
                AttackOrigin.GREETING,
                "EHLO a)(b\r\nQUIT\r\n",
                "501 221"),
            attack(
                "a word folded from another alphabet",
                AttackOrigin.GREETING,
                "R\u00c5\u00bfET\r\nQUIT\r\n",
                "500 221")));
    return all;
  }

  private static String rcpt(int count) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < count; i++) {
      out.append("RCPT TO:<u").append(i).append("@d.example>\r\n");
    }
    return out.toString();
  }

  private RouterTestClient at(AttackOrigin from) throws IOException {
    RouterTestClient caller = new RouterTestClient(wired().port());
    assertTrue(caller.reply().startsWith("220 "));
    switch (from) {
      case GREETING -> {}
      case ENVELOPE, DATA -> {
        for (String line : OPEN.split("\r\n")) {
          assertTrue(caller.exchange(line).startsWith("250"));
        }
        if (from == AttackOrigin.DATA) {
          assertTrue(caller.exchange("DATA").startsWith("354 "));
        }
      }
      case TLS, TLS_EHLO -> {
        for (String line : OPEN.split("\r\n")) {
          assertTrue(caller.exchange(line).startsWith("250"));
        }
        assertTrue(caller.exchange("RSET").startsWith("250"));
        assertTrue(caller.exchange("STARTTLS").startsWith("220 "));
        caller.startTls();
        if (from == AttackOrigin.TLS_EHLO) {
          assertTrue(caller.exchange("EHLO a.example").contains("AUTH"));
        }
      }
    }
    return caller;
  }

  /** Codes of all replies to the end; each reply of 4yz and 5yz has a word for people. */
  private static String codes(RouterTestClient caller, int stopAfter) throws IOException {
    StringBuilder codes = new StringBuilder();
    for (int i = 0; i < stopAfter; i++) {
      String reply = caller.reply();
      if (reply.isEmpty()) {
        break;
      }
      codes.append(i == 0 ? "" : " ").append(reply, 0, 3);
      assertTrue(
          reply.charAt(0) < '4'
              || reply.matches("(?s)(\\d{3}[ -][245]\\.\\d+\\.\\d+ .*[a-zA-Z]{2}.*\n)+"),
          "no word for people: " + reply);
    }
    return codes.toString();
  }

  @TestFactory
  Stream<DynamicTest> noAttackIsAccepted() {
    return attacks().stream()
        .map(
            a ->
                DynamicTest.dynamicTest(
                    a.name(),
                    () -> {
                      long before = wired().router.accepted();
                      try (RouterTestClient caller = at(a.from())) {
                        caller.send(a.bytes());
                        int last = a.replies().split(" ").length;
                        boolean over = !a.replies().matches(".*(220|334)");
                        assertEquals(a.replies(), codes(caller, over ? last + 1 : last), a.name());
                        if (a.replies().endsWith("334")) {
                          assertTrue(caller.exchange("*").startsWith("501 "));
                        }
                        if (a.replies().endsWith("220")) {
                          caller.send("MAIL FROM:<a@b.example>\r\n");
                          assertEquals(
                              "", caller.readToEnd().replaceAll("[^ -~\r\n]", ""), a.name());
                        }
                      }
                      assertEquals(before, wired().router.accepted(), a.name());
                    }));
  }

  @Test
  void splittingSegmentsNeverSplitsAMessage() throws Exception {
    for (String end : FALSE_ENDS) {
      String octets = "x" + end + "MAIL FROM:<evil@b.example>\r\n.\r\nQUIT\r\n";
      for (int cut = 1; cut < octets.length(); cut++) {
        try (RouterTestClient caller = at(AttackOrigin.DATA)) {
          caller.send(octets.substring(0, cut));
          caller.send(octets.substring(cut));
          assertEquals("550 221", codes(caller, 3), "cut at " + cut);
        }
      }
    }
    assertEquals(0, wired().router.accepted());
  }

  @Test
  void hostileNamesWriteNoLinesInLogAndTrace() throws Exception {
    String id;
    try (RouterTestClient caller = new RouterTestClient(wired().port())) {
      caller.reply();
      // U+2028 and C1 controls are line breaks to some viewers of logs.
      String name = "a\u00e2\u0080\u00a8b\u00c3\u00a9=status=sent";
      caller.exchange("EHLO " + name);
      caller.exchange("MAIL FROM:<\"x=sent to=<y>\"@b.example>");
      caller.exchange("RCPT TO:<\"c d\"@d.example>");
      caller.exchange("DATA");
      id = caller.exchange("Subject: x\r\n\r\nx\r\n.").replaceAll("(?s).*queued as (\\S+).*", "$1");
    }
    String shown = wired().queue("show", id);
    assertTrue(shown.contains("from a?"), shown);
    // Lines are written by a thread of their own, a little later.
    lines.close();
    String log = written.toString(StandardCharsets.UTF_8);
    assertTrue(log.contains(id), log);
    assertFalse(log.chars().anyMatch(c -> c < ' ' && c != '\n' || c == 0x7f), log);
    assertFalse(log.chars().anyMatch(c -> c >= 0x80 && c < 0xa0 || c == 0x2028), log);
    for (String line : log.split("\n")) {
      assertFalse(line.startsWith("b") || line.startsWith("status"), line);
    }
  }

  @Test
  void hostileCertificatesWriteNoLinesInLogAndTrace() throws Exception {
    String hostile = "evil\\0D\\0AX-Evil: yes\\0D\\0A\\\")\\,status\\=sent (";
    TestCa ca = TestCa.root("Root");
    String id;
    try (RouterTestClient caller = new RouterTestClient(wired().port())) {
      caller.reply();
      caller.exchange("EHLO a.example");
      caller.exchange("STARTTLS");
      caller.startTls(TestCa.write(ca.leaf(hostile).commonNameOnly().identity(), folder, "evil"));
      caller.exchange("EHLO a.example");
      caller.exchange("MAIL FROM:<a@b.example>");
      caller.exchange("RCPT TO:<c@d.example>");
      caller.exchange("DATA");
      id = caller.exchange("Subject: x\r\n\r\nx\r\n.").replaceAll("(?s).*queued as (\\S+).*", "$1");
    }
    String shown = wired().queue("show", id);
    assertTrue(shown.contains("Client CN"), shown);
    assertTrue(shown.lines().noneMatch(l -> l.strip().startsWith("X-Evil")), shown);
    // Lines are written by a thread of their own, a little later.
    lines.close();
    String log = written.toString(StandardCharsets.UTF_8);
    assertTrue(log.contains("TLS connection established from"), log);
    assertTrue(log.lines().noneMatch(l -> l.strip().startsWith("X-Evil")), log);
    assertFalse(log.chars().anyMatch(c -> c < ' ' && c != '\n' || c == 0x7f), log);
  }

  @Test
  void eightBitHeadersAreAcceptedUnchanged() throws Exception {
    try (RouterTestClient caller = at(AttackOrigin.DATA)) {
      // ADR 0010: refusing them would refuse mail that all others carry.
      assertTrue(caller.exchange("Subject: \u00e9\r\n\r\nx\r\n.").startsWith("250 "));
    }
    assertEquals(1, wired().router.accepted());
  }
}

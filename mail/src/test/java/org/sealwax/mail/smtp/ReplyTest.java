package org.sealwax.mail.smtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ReplyTest {
  private static Reply read(String wire) throws IOException {
    return new ReplyReader(
            new LineReader(
                new ByteArrayInputStream(
                    wire.replace("\\r", "\r")
                        .replace("\\n", "\n")
                        .replace("\\0", "\0")
                        .getBytes(StandardCharsets.ISO_8859_1))))
        .read();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "closed,              ,                                 CLOSED",
    "cut,                 250-a\\r\\n,                      CLOSED",
    "code changed,        250-a\\r\\n251 b\\r\\n,           CODE_CHANGED",
    "not a code,          hello\\r\\n,                      NOT_A_REPLY",
    "1yz,                 150 a\\r\\n,                      NOT_A_REPLY",
    "6yz,                 650 a\\r\\n,                      NOT_A_REPLY",
    "no separator,        250a\\r\\n,                       NOT_A_REPLY",
    "two digits,          25\\r\\n,                         NOT_A_REPLY",
    "empty line,          \\r\\n,                           NOT_A_REPLY",
    "bare LF,             250 a\\n,                         BROKEN_LINE",
    "bare CR,             250 a\\rb\\r\\n,                  BROKEN_LINE",
    "NUL,                 250 a\\0b\\r\\n,                  BROKEN_LINE",
  })
  void refusesWhatIsNoReply(String name, String wire, InvalidReplyException.Kind kind) {
    InvalidReplyException failure =
        assertThrows(InvalidReplyException.class, () -> read(wire == null ? "" : wire));
    assertEquals(kind, failure.kind());
  }

  @Test
  void readsOneAndManyLines() throws IOException {
    assertEquals(Reply.of(250, EnhancedStatus.of("2.1.5"), "ok"), read("250 2.1.5 ok\r\n"));
    assertEquals(Reply.of(250, ""), read("250\r\n"));
    assertEquals(Reply.of(250, ""), read("250 \r\n"));
    assertEquals(
        new Reply(550, EnhancedStatus.of("5.7.1"), List.of("no", "", "way")),
        read("550-5.7.1 no\r\n550-5.7.1\r\n550 5.7.1 way\r\n"));
    assertEquals(Reply.of(250, "4.1.1 odd"), read("250 4.1.1 odd\r\n"), "class and code differ");
    assertNull(read("550-5.7.1 a\r\n550 5.1.1 b\r\n").status(), "two statuses are none");
    assertEquals("caf\u00e9", read("250 caf\u00e9\r\n").lines().getFirst(), "bytes forgiven");
  }

  @Test
  void limitsHoldExactly() throws IOException {
    String many = "250-x\r\n".repeat(SmtpLimits.REPLY_LINES - 1);
    assertEquals(SmtpLimits.REPLY_LINES, read(many + "250 x\r\n").lines().size());
    assertThrows(InvalidReplyException.class, () -> read(many + "250-x\r\n250 x\r\n"));
    String line = "250 " + "x".repeat(SmtpLimits.REPLY_LINE - 6) + "\r\n";
    assertEquals(SmtpLimits.REPLY_LINE, line.length());
    read(line);
    assertThrows(InvalidReplyException.class, () -> read("250 x" + line.substring(4)));
    String heavy = ("250-" + "x".repeat(1000) + "\r\n").repeat(40);
    assertThrows(InvalidReplyException.class, () -> read(heavy + "250 x\r\n"));
  }

  @Test
  void writtenRepliesReadTheSame() throws IOException {
    Random random = new Random(5);
    for (int round = 0; round < 500; round++) {
      int code = (2 + random.nextInt(4)) * 100 + random.nextInt(60);
      EnhancedStatus status =
          code / 100 == 3 || random.nextBoolean() ? null : new EnhancedStatus(code / 100, 7, 26);
      List<String> lines =
          random.ints(1 + random.nextInt(4), 0, 9).mapToObj(n -> "Ω text " + n).toList();
      Reply reply = new Reply(code, status, lines);
      assertEquals(
          reply, new ReplyReader(new LineReader(new ByteArrayInputStream(bytes(reply)))).read());
    }
  }

  private static byte[] bytes(Reply reply) throws IOException {
    ReplyWriter writer = new ReplyWriter();
    writer.append(reply);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    writer.drainTo(out);
    assertEquals(0, writer.size());
    return out.toByteArray();
  }

  @Test
  void cutsWrittenLinesAtTheLimitAndNotInsideACharacter() throws IOException {
    byte[] ascii = bytes(Reply.of(250, "x".repeat(600)));
    assertEquals(SmtpLimits.REPLY_LINE_OUT, ascii.length);
    byte[] exact = bytes(Reply.of(250, "x".repeat(SmtpLimits.REPLY_LINE_OUT - 6)));
    assertEquals(SmtpLimits.REPLY_LINE_OUT, exact.length);
    String cut = new String(bytes(Reply.of(250, "€".repeat(300))), StandardCharsets.UTF_8);
    assertFalse(cut.contains("\uFFFD"));
  }

  @Test
  void readsCapabilitiesByKeyword() throws IOException {
    Capabilities offered =
        Capabilities.of(
            read(
                String.join(
                    "\\r\\n",
                    "250-mx.example.org at your service",
                    "250-SIZE 35882577",
                    "250-8bitmime",
                    "250-AUTH PLAIN xoauth2",
                    "250-AUTH=LOGIN PLAIN",
                    "250-Pipelining",
                    "250-LIMITS RCPTMAX=20 mailmax=0",
                    "250-XSTARTTLS",
                    "250 SMTPUTF8",
                    "")));
    assertEquals("mx.example.org", offered.name());
    assertEquals(35_882_577, offered.maxSize().orElseThrow());
    assertTrue(offered.offersEightBit() && offered.offersPipelining() && offered.offersSmtpUtf8());
    assertFalse(offered.offersStarttls(), "a keyword that contains STARTTLS is not STARTTLS");
    assertFalse(offered.offersChunking());
    assertEquals(Set.of("PLAIN", "XOAUTH2", "LOGIN"), offered.authMechanisms());
    assertEquals(20, offered.rcptMax().orElseThrow());
    assertTrue(offered.mailMax().isEmpty(), "a leading zero says nothing (RFC 9422 3)");
    assertEquals(offered.keywords(), Capabilities.of(offered.reply("hello")).keywords());
  }

  @Test
  void xtextIsDecoded() {
    assertEquals("a+b=c d", XText.decode("a+2Bb+3Dc+20d").orElseThrow());
    assertEquals("ü@x", XText.decode("+C3+BC@x").orElseThrow());
    for (String bad : List.of("a b", "+4", "+", "+4g", "+2b", "a=b", "ü")) {
      assertFalse(XText.isXText(bad), bad);
    }
  }

  @Test
  void readsMailboxesThatStandAlone() {
    assertEquals("a@b.example", MailboxParser.parse("a@B.example").orElseThrow().toString());
    for (String bad :
        List.of("", "a", "a@b.example ", "<a@b.example>", "a@b.example>", "@b", "a@")) {
      assertTrue(MailboxParser.parse(bad).isEmpty(), bad);
    }
  }
}

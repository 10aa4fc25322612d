package org.sealwax.mail.smtp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bodies by DATA and by BDAT, in and out. */
final class BodyTest {
  private record ReadBody(String text, BodySummary summary, String rest) {}

  private static ReadBody data(String wire, int piece, long most) throws IOException {
    LineReader source = new LineReader(new SlowInputStream(wire.getBytes(ISO_8859_1), piece));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BodySummary summary = new DotReader(source, most).readInto(out::write);
    StringBuilder rest = new StringBuilder();
    while (source.buffered() > 0 || source.fill()) {
      rest.append(new String(source.buffer, source.position, source.buffered(), ISO_8859_1));
      source.position = source.limit;
    }
    return new ReadBody(out.toString(ISO_8859_1), summary, rest.toString());
  }

  private static String unescaped(String text) {
    return text.replace("\\r", "\r").replace("\\n", "\n").replace("\\0", "\0");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "RFC 5321 4.5.2 plain,            a\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "QUIT,              a\\r"
        + "\\n"
        + ",          ,       QUIT",
    "RFC 5321 4.5.2 stuffed,          ..a\\r"
        + "\\n"
        + "...\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "QUIT,   .a\\r"
        + "\\n"
        + "..\\r"
        + "\\n"
        + ", ,       QUIT",
    "RFC 5321 4.1.1.4 empty,          .\\r"
        + "\\n"
        + "QUIT,                     '',               ,       QUIT",
    "empty lines,                     \\r\\n\\r\\n.\\r\\nQ,            \\r\\n\\r\\n,     ,       Q",
    "smuggling LF.LF,                 a\\n"
        + ".\\n"
        + "QUIT\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R,      ,                 BARE_LF, R",
    "smuggling LF.CRLF,               a\\n"
        + ".\\r"
        + "\\n"
        + "QUIT\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R,   ,                 BARE_LF, R",
    "smuggling CRLF.LF,               a\\r"
        + "\\n"
        + ".\\n"
        + "QUIT\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R,   ,                 BARE_LF, R",
    "smuggling CR.CR,                 a\\r"
        + ".\\r"
        + "QUIT\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R,      ,                 BARE_CR, R",
    "smuggling CR.CRLF,               a\\r"
        + ".\\r"
        + "\\n"
        + "QUIT\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R,   ,                 BARE_CR, R",
    "smuggling CRLF.CR,               a\\r"
        + "\\n"
        + ".\\r"
        + "QUIT\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R,   ,                 BARE_CR, R",
    "smuggling CRLF.CRCRLF,           a\\r"
        + "\\n"
        + ".\\r"
        + "\\r"
        + "\\n"
        + "Q\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R, ,                BARE_CR, R",
    "smuggling CRCRLF.CRLF,           a\\r"
        + "\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R,              ,                 BARE_CR, R",
    "smuggling CR LF split by NUL,    a\\r"
        + "\\0\\n"
        + ".\\r"
        + "\\0\\n"
        + "Q\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R, ,             BARE_CR, R",
    "NUL,                             a\\0b\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R,             ,                 NUL,     R",
    "NUL after the dot,               a\\r"
        + "\\n"
        + ".\\0\\r"
        + "\\n"
        + "b\\r"
        + "\\n"
        + ".\\r"
        + "\\n"
        + "R, ,                NUL,     R",
  })
  void endsOnlyAtCrLfDotCrLf(String name, String wire, String text, SmtpFlaw flaw, String rest)
      throws IOException {
    for (int piece : new int[] {1, 2, 3, 5, 1000}) {
      ReadBody read = data(unescaped(wire), piece, 1000);
      assertTrue(read.summary().complete());
      assertEquals(flaw, read.summary().flaw());
      assertEquals(rest, read.rest());
      if (flaw == null) {
        assertEquals(unescaped(text), read.text());
        assertEquals(unescaped(text).length(), read.summary().bytes());
      }
    }
  }

  @Test
  void sizeOfExactlyTheLimitPassesAndOneMoreDoesNot() throws IOException {
    assertFalse(data("12345678\r\n.\r\n", 3, 10).summary().tooLarge());
    ReadBody over = data("123456789\r\n.\r\nQUIT", 3, 10);
    assertTrue(over.summary().tooLarge());
    assertTrue(over.summary().complete(), "it is read to its end");
    assertEquals("QUIT", over.rest());
    assertTrue(over.text().length() <= 10);
  }

  @Test
  void aBodyFarOverTheLimitIsNotReadForEver() throws IOException {
    byte[] piece = "x".repeat(998).concat("\r\n").getBytes(ISO_8859_1);
    long[] given = {0};
    LineReader source =
        new LineReader(
            new java.io.InputStream() {
              @Override
              public int read() {
                throw new IllegalStateException("in blocks only");
              }

              @Override
              public int read(byte[] into, int offset, int length) {
                int count = Math.min(length, piece.length);
                System.arraycopy(piece, 0, into, offset, count);
                given[0] += count;
                return count;
              }
            });
    BodySummary summary = new DotReader(source, 100).readInto((b, o, l) -> {});
    assertFalse(summary.complete());
    assertTrue(summary.tooLarge());
    assertTrue(given[0] < DotReader.DROPPED_AFTER_LIMIT + 200_000, "read " + given[0]);
  }

  @Test
  void lineOfExactlyTheLimitPassesAndOneMoreDoesNot() throws IOException {
    String fits = "x".repeat(SmtpLimits.TEXT_LINE - 2) + "\r\n";
    ReadBody good = data("a\r\n" + fits + ".\r\n", 4096, 1_000_000);
    assertNull(good.summary().flaw());
    assertEquals(SmtpLimits.TEXT_LINE, good.summary().longestLine());
    assertEquals(SmtpFlaw.TOO_LONG, data("x" + fits + ".\r\n", 4096, 1_000_000).summary().flaw());
  }

  @Test
  void detectsEightBitAndTruncation() throws IOException {
    assertFalse(data("abc\r\n.\r\n", 9, 99).summary().eightBit());
    assertTrue(data("abcdefgh\u00e9\r\n.\r\n", 9, 99).summary().eightBit());
    assertFalse(data("abc\r\n.\r", 9, 99).summary().complete());
  }

  @Test
  void dotStuffingRoundTrips() throws IOException {
    Random random = new Random(11);
    String[] parts = {"\r\n", ".", "..", "a", "\r\n.\r\n", "bcdefghijklmn", "\u00e9", "\t"};
    for (int round = 0; round < 3_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(12); i > 0; i--) {
        text.append(parts[random.nextInt(parts.length)]);
      }
      byte[] content = text.toString().getBytes(ISO_8859_1);
      ByteArrayOutputStream wire = new ByteArrayOutputStream();
      DotWriter writer = new DotWriter(wire);
      int cut = content.length == 0 ? 0 : random.nextInt(content.length);
      writer.write(content, 0, cut);
      writer.write(content, cut, content.length - cut);
      writer.end();
      String ended = text.length() == 0 || text.toString().endsWith("\r\n") ? "" : "\r\n";
      ReadBody read = data(wire.toString(ISO_8859_1) + "QUIT", 1 + random.nextInt(9), 10_000);
      assertEquals(text + ended, read.text());
      assertEquals("QUIT", read.rest());
      assertNull(read.summary().flaw());
    }
  }

  @Test
  void bareLineEndsDoNotGoOut() {
    for (String bad : new String[] {"a\nb", "a\rb", "\n", "abcdefghijklmnop\nq", "a\r"}) {
      byte[] content = bad.getBytes(ISO_8859_1);
      assertThrows(
          IllegalStateException.class,
          () -> {
            DotWriter writer = new DotWriter(new ByteArrayOutputStream());
            writer.write(content, 0, content.length);
            writer.end();
          },
          bad);
    }
  }

  @ParameterizedTest
  @CsvSource({"1", "4", "1000"})
  void chunksAreCountedExactly(int piece) throws IOException {
    LineReader source =
        new LineReader(new SlowInputStream("ab\r\n.\r\ncdQUIT\r\n".getBytes(ISO_8859_1), piece));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BdatReader reader = new BdatReader(source, 9);
    assertTrue(reader.readInto(3, out::write));
    assertTrue(reader.readInto(0, out::write));
    assertTrue(reader.readInto(6, out::write));
    assertEquals("ab\r\n.\r\ncd", out.toString(ISO_8859_1));
    assertNull(reader.summary().flaw(), "a CRLF across two chunks is one");
    assertFalse(reader.summary().tooLarge());
    assertEquals(new InputLine.Text("QUIT"), source.read(100));
  }

  @Test
  void chunksKnowBareLineEndsAndTheLimit() throws IOException {
    LineReader source = new LineReader(new SlowInputStream("a\nb\r".getBytes(ISO_8859_1), 2));
    BdatReader reader = new BdatReader(source, 3);
    assertTrue(reader.readInto(4, (b, o, l) -> {}));
    assertEquals(SmtpFlaw.BARE_LF, reader.summary().flaw());
    assertTrue(reader.tooLarge());
    BdatReader cut = new BdatReader(new LineReader(new SlowInputStream(new byte[3], 2)), 10);
    assertFalse(cut.readInto(4, (b, o, l) -> {}));
    BdatReader cr = new BdatReader(new LineReader(new SlowInputStream(new byte[] {'\r'}, 2)), 10);
    assertTrue(cr.readInto(1, (b, o, l) -> {}));
    assertEquals(SmtpFlaw.BARE_CR, cr.summary().flaw(), "a CR at the very end is bare");
  }

  @Test
  void givesTheBlockBackAfterALargeBody() throws IOException {
    String wire = ("x".repeat(70) + "\r\n").repeat(5_000) + ".\r\nQUIT\r\n";
    LineReader source = new LineReader(new SlowInputStream(wire.getBytes(ISO_8859_1), 100_000));
    new DotReader(source, 1_000_000).readInto((b, o, l) -> {});
    assertEquals(LineReader.IDLE_BUFFER, source.buffer.length);
    assertEquals(new InputLine.Text("QUIT"), source.read(100));
  }
}

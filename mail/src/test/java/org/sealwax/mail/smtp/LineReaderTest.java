package org.sealwax.mail.smtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LineReaderTest {
  private static LineReader of(String bytes, int piece) {
    return new LineReader(new SlowInputStream(bytes.getBytes(StandardCharsets.ISO_8859_1), piece));
  }

  private static String text(InputLine line) {
    return assertInstanceOf(InputLine.Text.class, line).text();
  }

  private static SmtpFlaw flaw(InputLine line) {
    return assertInstanceOf(InputLine.BrokenLine.class, line).flaw();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 1000})
  void readsLinesHoweverTheyArrive(int piece) throws IOException {
    LineReader reader = of("EHLO a\r\n\r\nQUIT\r\nhalf", piece);
    assertEquals("EHLO a", text(reader.read(512)));
    assertEquals("", text(reader.read(512)));
    assertEquals("QUIT", text(reader.read(512)));
    assertEquals(new InputLine.EndOfInput(), reader.read(512));
    assertEquals(0, reader.buffered());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1000})
  void bareCrAndNulSpoilOneLineAndTheNextIsALine(int piece) throws IOException {
    LineReader reader = of("NO\rOP\r\nNO\0OP\r\nNOOP\r\r\nNOOP\r\n", piece);
    assertEquals(SmtpFlaw.BARE_CR, flaw(reader.read(512)));
    assertEquals(SmtpFlaw.NUL, flaw(reader.read(512)));
    assertEquals(SmtpFlaw.BARE_CR, flaw(reader.read(512)));
    assertEquals("NOOP", text(reader.read(512)));
  }

  @Test
  void bareLfLosesTheLineStart() throws IOException {
    InputLine line = of("MAIL FROM:<a@b>\nRCPT TO:<c@d>\r\n", 1000).read(512);
    assertTrue(assertInstanceOf(InputLine.BrokenLine.class, line).lostLineStart());
    assertEquals(SmtpFlaw.BARE_LF, flaw(line));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 5000})
  void lineOfExactlyTheLimitPassesAndOneMoreDoesNot(int piece) throws IOException {
    int most = SmtpLimits.COMMAND_LINE;
    String fits = "x".repeat(most - 2);
    LineReader reader = of(fits + "\r\n" + fits + "y\r\nNOOP\r\n", piece);
    assertEquals(fits, text(reader.read(most)));
    assertEquals(SmtpFlaw.TOO_LONG, flaw(reader.read(most)));
    assertEquals("NOOP", text(reader.read(most)));
  }

  @Test
  void anEndlessLineIsGivenUpWithinALimitAndMemoryStaysSmall() throws IOException {
    LineReader reader = of("x".repeat(SmtpLimits.DROPPED * 2), 1000);
    InputLine line = reader.read(SmtpLimits.COMMAND_LINE);
    assertEquals(SmtpFlaw.ENDLESS, flaw(line));
    assertTrue(((InputLine.BrokenLine) line).lostLineStart());
    assertTrue(reader.buffer.length <= 8_192, "buffer grew to " + reader.buffer.length);
  }

  @Test
  void aLongLineWithinTheLimitOfDroppingIsConsumedWhole() throws IOException {
    LineReader reader = of("x".repeat(SmtpLimits.DROPPED - 100) + "\r\nNOOP\r\n", 4096);
    assertEquals(SmtpFlaw.TOO_LONG, flaw(reader.read(512)));
    assertEquals("NOOP", text(reader.read(512)));
  }

  @Test
  void readsUtf8AndRefusesWhatIsNot() throws IOException {
    byte[] good = "MAIL FROM:<ü@example>\r\n".getBytes(StandardCharsets.UTF_8);
    assertEquals(
        "MAIL FROM:<ü@example>", text(new LineReader(new ByteArrayInputStream(good)).read(512)));
    assertEquals(SmtpFlaw.NOT_UTF8, flaw(of("NOOP \u00fc\r\n", 100).read(512)));
    // An overlong form of "/" is not UTF-8.
    assertEquals(SmtpFlaw.NOT_UTF8, flaw(of("NOOP \u00c0\u00af\r\n", 100).read(512)));
  }

  @Test
  void reportsBufferedInput() throws IOException {
    LineReader reader = of("STARTTLS\r\nNOOP\r\nhalf", 1000);
    assertFalse(reader.hasLine());
    reader.read(512);
    assertTrue(reader.hasLine());
    assertEquals(10, reader.buffered());
    reader.read(512);
    assertFalse(reader.hasLine());
    assertEquals(4, reader.buffered());
  }

  @Test
  void anyBytesInAnyPiecesReadTheSame() throws IOException {
    Random random = new Random(7);
    String alphabet = "\r\n\r\n\0abc .\u00ff";
    for (int round = 0; round < 3_000; round++) {
      StringBuilder bytes = new StringBuilder();
      for (int i = random.nextInt(40); i >= 0; i--) {
        bytes.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      LineReader whole = of(bytes.toString(), 1000);
      LineReader pieces = of(bytes.toString(), 1 + random.nextInt(3));
      InputLine line;
      do {
        line = whole.read(10);
        assertEquals(line, pieces.read(10), () -> "for " + bytes.chars().boxed().toList());
      } while (!(line instanceof InputLine.EndOfInput));
    }
  }
}

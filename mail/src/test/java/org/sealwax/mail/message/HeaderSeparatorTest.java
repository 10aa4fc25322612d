package org.sealwax.mail.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HeaderSeparatorTest {
  private static String separated(String message, int block) throws IOException {
    HeaderSeparator separator = new HeaderSeparator(new HeaderScanner());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
    for (int at = 0; at < bytes.length; at += block) {
      separator.take(bytes, at, Math.min(block, bytes.length - at), out);
    }
    separator.end(out);
    return out.toString(StandardCharsets.UTF_8);
  }

  /** {@code /} is CRLF, {@code _} a space, {@code |} a tab. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "A: b//body/ ; A: b//body/",
        "/body/ ; /body/",
        "'' ; ''",
        "_continued/Delivered-To: x//body/ ; /_continued/Delivered-To: x//body/",
        "|continued/ ; /|continued/",
        "_/A: b// ; /_/A: b//",
        "no field/A: b//body/ ; /no field/A: b//body/",
        ": b// ; /: b//",
        "From me Mon/A: b// ; /From me Mon/A: b//",
        "A: b/no field/Received: c//body/ ; A: b//no field/Received: c//body/",
        "A: b/_c/no field/Received: c// ; A: b/_c//no field/Received: c//",
        "A: b/fünf: x// ; A: b//fünf: x//",
        "A___: b//body/ ; A___: b//body/",
        "A___b/ ; /A___b/",
        "A: b/no end ; A: b//no end",
        "A: b ; A: b",
      })
  void aSectionThatEndsWithoutAnEmptyLineGetsOne(String row, String wanted) throws IOException {
    for (int block = 1; block <= row.length() + 1; block++) {
      assertEquals(lines(wanted), separated(lines(row), block), "blocks of " + block);
    }
  }

  private static String lines(String row) {
    return row.replace("/", "\r\n").replace('_', ' ').replace('|', '\t');
  }

  @ParameterizedTest
  @CsvSource({"128,true", "129,false"})
  void aNameThatIsTooLongIsNoField(int length, boolean field) throws IOException {
    String message = "x".repeat(length) + ": v\r\n\r\n";
    assertEquals(field ? message : "\r\n" + message, separated(message, 7));
  }

  @ParameterizedTest
  @CsvSource({"256,true", "257,false", "100000,false"})
  void endlessSpaceBeforeAColonIsNoField(int start, boolean field) throws IOException {
    String message = "x" + " ".repeat(start - 1) + ": v\r\n\r\n";
    String passed = separated(message, 50);
    assertEquals(field ? message : "\r\n" + message, passed);
    HeaderScanner scan = new HeaderScanner();
    byte[] bytes = ("Received: a\r\n" + passed).getBytes(StandardCharsets.UTF_8);
    scan.feed(bytes, 0, bytes.length);
    assertFalse(scan.malformed());
  }
}

package org.sealwax.mail.message;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which fields of a message that comes in stay, for every way to cut it into blocks. */
final class ForgedResultsFilterTest {
  private static final String BODY = "\r\nAuthentication-Results: mx.example.org; spf=pass\r\n";

  private static String filtered(String message, int block) throws IOException {
    ForgedResultsFilter filter = new ForgedResultsFilter("mx.example.org");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < bytes.length; i += block) {
      filter.take(bytes, i, Math.min(block, bytes.length - i), out);
    }
    filter.end(out);
    return out.toString(StandardCharsets.UTF_8);
  }

  private static void assertFiltered(String expected, String message) throws IOException {
    for (int block : new int[] {1, 2, 3, 7, 64, 100_000}) {
      assertEquals(expected, filtered(message, block), "blocks of " + block);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Authentication-Results: mx.example.org; spf=pass",
        "authentication-RESULTS:MX.Example.ORG;none",
        "Authentication-Results \t: mx.example.org; spf=pass",
        "Authentication-Results:\r\n mx.example.org;\r\n\tspf=pass\r\n dkim=pass",
        "Authentication-Results: mx.example.org 1; spf=pass",
        "Authentication-Results: \"mx.example.org\"; spf=pass",
        "Authentication-Results: \"mx.\\example.org\" ; spf=pass",
        "Authentication-Results: (other.example; (x)) mx.example.org (y); spf=pass",
        "Authentication-Results: (a \\) mx.other;) mx.example.org; spf=pass",
        "Authentication-Results: mx.example.org.; spf=pass",
        "Authentication-Results: mx.example.org",
        "Authentication-Results: mx.example.org\r\n ",
        "Authentication-Results: ; spf=pass",
        "Authentication-Results:",
        "Authentication-Results: (mx.example.org; spf=pass",
        "Authentication-Results: \"mx.example.org; spf=pass"
      })
  void aFieldWithOurIdIsRemoved(String field) throws IOException {
    String others = "From: a@b.example\r\n" + BODY;
    assertFiltered(others, field + "\r\n" + others);
    assertFiltered("X: y\r\n " + "z\r\n" + others, "X: y\r\n z\r\n" + field + "\r\n" + others);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Authentication-Results: mx.example.net; spf=pass",
        "Authentication-Results: other.example; x=mx.example.org",
        "Authentication-Results: other.example\r\n",
        "ARC-Authentication-Results: i=1; mx.example.org; spf=pass",
        "X-Authentication-Results: mx.example.org; spf=pass",
        "Authentication-Result: mx.example.org; spf=pass",
        "X: a\r\n Authentication-Results: mx.example.org; spf=pass",
        "Authentication-Results: (mx.example.org;) other.example; spf=pass"
      })
  void aFieldOfAnotherReceiverStays(String field) throws IOException {
    String message = field.strip() + "\r\nFrom: a@b.example\r\n" + BODY;
    assertFiltered(message, message);
  }

  @Test
  void onlyAnIdWithinTheLimitIsRead() throws IOException {
    String start = "Authentication-Results: (";
    int room = ForgedResultsFilter.MAX_HELD - start.length() - ") other.example;".length();
    String most = start + "x".repeat(room) + ") other.example;";
    assertEquals(ForgedResultsFilter.MAX_HELD, most.length());
    assertFiltered(most + " none\r\n" + BODY, most + " none\r\n" + BODY);
    String more = start + "x".repeat(room + 1) + ") other.example;";
    assertFiltered(BODY, more + " none\r\n" + BODY);
  }

  @Test
  void aMessageThatEndsInItsHeaderStaysAsItIs() throws IOException {
    assertFiltered("X: y", "X: y");
    assertFiltered("Authenti", "Authenti");
    assertFiltered("", "Authentication-Results: mx.example.org");
    assertFiltered("", "");
  }
}

package org.sealwax.mail.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;

final class HeaderScannerTest {
  private static HeaderScanner scan(String message) {
    return scan(message.getBytes(StandardCharsets.UTF_8), 1 << 20, HeaderScanner.DEFAULT_LIMIT);
  }

  private static HeaderScanner scan(byte[] message, int block, int limit) {
    HeaderScanner scan = new HeaderScanner(limit);
    for (int at = 0; at < message.length; at += block) {
      scan.feed(message, at, Math.min(block, message.length - at));
    }
    scan.end();
    return scan;
  }

  private static String facts(HeaderScanner s) {
    return String.join(
        " ",
        "received=" + s.hops().received(),
        "deliveredTo=" + s.hops().deliveredTo(),
        "overflow=" + s.hops().deliveredToOverflow(),
        "tls=" + s.tlsRequired(),
        "malformed=" + s.malformed(),
        "large=" + s.tooLarge(),
        "size=" + s.size());
  }

  @Test
  void readsTheFieldsThatMatterAndNothingOfTheBody() {
    HeaderScanner s =
        scan(
            """
            Received: from a\r
            \tby b; Received: not a field\r
            RECEIVED : from c\r
            Delivered-To: a@x.example\r
            Delivered-To:\r
             b@x.example \r
            From: me@x.example\r
            Date: now\r
            Message-ID: <1@x.example>\r
            TLS-Required: No\r
            Subject: grüße\r
            \r
            Received: in the body\r
            Delivered-To: body@x.example\r
            """);
    assertEquals(2, s.hops().received());
    assertEquals(List.of("a@x.example", "b@x.example"), s.hops().deliveredTo());
    assertEquals(HeaderScanner.TlsRequired.NO, s.tlsRequired());
    assertFalse(s.malformed());
    assertTrue(s.done());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          RFC 5322 3.5 no body at all            | A: b\\r\\n                    | false
          RFC 5322 2.1 the empty line ends it    | A: b\\r\\n\\r\\nrubbish        | false
          RFC 5322 2.1 only a body               | \\r\\nrubbish                 | false
          LF alone is an end of line here        | A: b\\n\\nrubbish             | false
          empty message                          | ''                          | false
          ends inside a name                     | A: b\\r\\nrubbish             | true
          RFC 5322 2.2 a line without colon      | A: b\\r\\nrub bish\\r\\n        | true
          RFC 5322 2.2 an empty name             | : b\\r\\n                     | true
          RFC 5322 2.2 eight bits in a name      | Ä: b\\r\\n                     | true
          RFC 5322 2.2.3 continuation of nothing | ' b\\r\\n'                    | true
          CR inside the empty line               | \\rA: b\\r\\n                  | true
          """)
  void knowsWhereTheSectionEnds(String row, String message, boolean malformed) {
    assertEquals(
        malformed, scan(message.replace("\\r", "\r").replace("\\n", "\n")).malformed(), row);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          TLS-Required: No                   | NO
          tls-required:no                    | NO
          TLS-Required: Yes                  | INVALID
          TLS-Required: No.                  | INVALID
          TLS-Required:                      | INVALID
          TLS-Required: No;TLS-Required: No  | INVALID
          TLS-Required: Yes;TLS-Required: No | INVALID
          Subject: TLS-Required              | ABSENT
          """)
  void readsTlsRequiredByRfc8689Section5(String fields, HeaderScanner.TlsRequired expected) {
    assertEquals(expected, scan(fields.replace(";", "\r\n") + "\r\n\r\n").tlsRequired());
  }

  @Test
  void headerSectionLimit() {
    byte[] message = "A: 12345\r\n\r\nbody".getBytes(StandardCharsets.US_ASCII);
    assertFalse(scan(message, 1, 12).tooLarge());
    assertFalse(scan(message, 100, 12).tooLarge());
    assertTrue(scan(message, 1, 11).tooLarge());
    assertTrue(scan(message, 100, 11).tooLarge());
    assertTrue(scan(message, 100, 11).done());
  }

  @Test
  void deliveredToLimitSetsOverflow() {
    String field = "Delivered-To: a@x.example\r\n";
    HeaderScanner full = scan(field.repeat(HeaderScanner.MAX_DELIVERED_TO) + "\r\n");
    assertEquals(HeaderScanner.MAX_DELIVERED_TO, full.hops().deliveredTo().size());
    assertFalse(full.hops().deliveredToOverflow());
    HeaderScanner over = scan(field.repeat(HeaderScanner.MAX_DELIVERED_TO + 1) + "\r\n");
    assertEquals(HeaderScanner.MAX_DELIVERED_TO, over.hops().deliveredTo().size());
    assertTrue(over.hops().isLoop(1000));
  }

  @Test
  void fieldValueLimit() {
    HeaderScanner fits = scan("Delivered-To: " + "x".repeat(HeaderScanner.MAX_VALUE) + "\r\n\r\n");
    assertEquals(List.of("x".repeat(HeaderScanner.MAX_VALUE)), fits.hops().deliveredTo());
    HeaderScanner over =
        scan("Delivered-To: " + "x".repeat(HeaderScanner.MAX_VALUE + 1) + "\r\n\r\n");
    assertTrue(over.hops().deliveredToOverflow());
  }

  @Test
  void fieldNameLimit() {
    assertFalse(scan("x".repeat(HeaderScanner.MAX_NAME) + ": v\r\n\r\n").malformed());
    assertTrue(scan("x".repeat(HeaderScanner.MAX_NAME + 1) + ": v\r\n\r\n").malformed());
  }

  @Test
  void knowsALoopByCountAndByAddressWhateverItsCase() {
    TraceHops hops =
        scan("Received: a\r\nReceived: b\r\nDelivered-To: Ab@X.example\r\n\r\n").hops();
    assertFalse(hops.isLoop(2));
    assertTrue(hops.isLoop(1));
    assertTrue(hops.hasPassed(new Mailbox("aB", Domain.of("x.example"))));
    assertFalse(hops.hasPassed(new Mailbox("b", Domain.of("x.example"))));
  }

  @Test
  void knowsAMailboxInUtf8AndAsWeWriteItInAscii() {
    Mailbox mailbox = new Mailbox("jörg", Domain.of("x.example"));
    String ascii = org.sealwax.mail.address.LocalPart.ascii(mailbox.toString());
    assertEquals("j\\x{F6}rg@x.example", ascii);
    for (String field :
        List.of(
            "jörg@x.example",
            "Jo\u0308rg@X.example",
            ascii,
            ascii.toLowerCase(java.util.Locale.ROOT))) {
      TraceHops hops = scan("Delivered-To: " + field + "\r\n\r\n").hops();
      assertTrue(hops.hasPassed(mailbox), field);
      assertFalse(hops.hasPassed(new Mailbox("jÖrg", Domain.of("x.example"))), field);
    }
    Mailbox longest = new Mailbox("\u00e4".repeat(32), Domain.of("a".repeat(60) + ".example"));
    TraceHops hops =
        scan("Delivered-To: "
                + org.sealwax.mail.address.LocalPart.ascii(longest.toString())
                + "\r\n\r\n")
            .hops();
    assertFalse(hops.deliveredToOverflow());
    assertTrue(hops.hasPassed(longest));
  }

  @Property(tries = 400)
  void resultDoesNotDependOnBlockBoundaries(
      @ForAll @Size(max = 60) List<@IntRange(max = 15) Integer> pieces,
      @ForAll @IntRange(min = 1, max = 9) int block) {
    String[] parts = {
      "Received: x\r\n",
      "Delivered-To: a@b\r\n",
      " c\r\n",
      "\t\r\n",
      "From:",
      "Date : q\r\n",
      "é",
      "\r\n",
      "\n",
      "TLS-Required: no\r\n",
      "Message-ID: <m>\r\n",
      ":",
      " ",
      "x",
      "\r",
      "Subject: a\r\n"
    };
    StringBuilder text = new StringBuilder();
    pieces.forEach(p -> text.append(parts[p]));
    byte[] message = text.toString().getBytes(StandardCharsets.UTF_8);
    HeaderScanner whole = scan(message, Math.max(1, message.length), 300);
    HeaderScanner cut = scan(message, block, 300);
    assertEquals(facts(whole), facts(cut));
    assertTrue(whole.done());
  }
}

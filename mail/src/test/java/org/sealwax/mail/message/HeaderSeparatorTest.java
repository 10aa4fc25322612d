package org.sealwax.mail.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
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

  private static final String PARTS =
      "Received: a;Delivered-To: b@c.example;TLS-Required: No;Delivered-To;A: b; c;"
          + "\tc; Received: d;\u00fc: x;A b: c;: d;From me Mon;-- ;\u000b: x;\u00a0"
          + " x;\ufeffReceived: e;X!#$%&'*+: y;=?utf-8?q?a?=: z; ;;";

  /**
   * Python's reader of mail finds the fields that were scanned, and no more. White space before the
   * colon ends the header for it, so such lines are left out: for others they are fields.
   */
  @Test
  void anotherReaderFindsTheFieldsThatWereScanned() throws Exception {
    Path python = Path.of("/usr/bin/python3");
    if (System.getenv("CI") == null) {
      assumeTrue(Files.isExecutable(python), "no python3");
    }
    Random random = new Random(5322);
    String[] lines = PARTS.split(";", -1);
    List<String> expected = new ArrayList<>();
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 2_000; i++) {
      StringBuilder message = new StringBuilder();
      for (int j = random.nextInt(7); j >= 0; j--) {
        message.append(lines[random.nextInt(lines.length)]).append("\r\n");
      }
      HeaderScanner scan = new HeaderScanner();
      HeaderSeparator separator = new HeaderSeparator(scan);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.write("Received: ours\r\n".getBytes(StandardCharsets.UTF_8));
      byte[] bytes = message.toString().getBytes(StandardCharsets.UTF_8);
      separator.take(bytes, 0, bytes.length, out);
      separator.end(out);
      input.append(HexFormat.of().formatHex(out.toByteArray())).append('\n');
      expected.add(
          1
              + scan.hops().received()
              + " "
              + scan.hops().deliveredTo().size()
              + " "
              + (scan.tlsRequired() == HeaderScanner.TlsRequired.ABSENT ? "absent" : "present")
              + " "
              + message.toString().replace("\r\n", "/"));
    }
    Process process =
        new ProcessBuilder(
                python.toString(),
                "-c",
                """
                import sys, email, email.policy
                for l in sys.stdin.read().split():
                  m = email.message_from_bytes(bytes.fromhex(l), policy=email.policy.compat32)
                  n = [k.strip().lower() for k in m.keys()]
                  print(n.count('received'), n.count('delivered-to'), 'present' if 'tls-required' in n else 'absent')
                """)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (OutputStream to = process.getOutputStream()) {
      to.write(input.toString().getBytes(StandardCharsets.US_ASCII));
    }
    List<String> found =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
            .lines()
            .toList();
    assertEquals(expected.size(), found.size());
    List<String> different = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      if (!expected.get(i).startsWith(found.get(i) + " ")) {
        different.add(expected.get(i) + " but " + found.get(i));
      }
    }
    assertEquals(List.of(), different);
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

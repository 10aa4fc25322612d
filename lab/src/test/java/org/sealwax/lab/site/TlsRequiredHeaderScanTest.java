package org.sealwax.lab.site;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the lab reads of a message: the router that sent it, and whether TLS is optional. */
final class TlsRequiredHeaderScanTest {
  private final ByteArrayOutputStream passed = new ByteArrayOutputStream();

  /** The message, in blocks of this many bytes. */
  private TlsRequiredHeaderScan scan(String message, int block) throws IOException {
    passed.reset();
    TlsRequiredHeaderScan scan =
        new TlsRequiredHeaderScan(
            new LiveSite.BodyScan() {
              @Override
              public void take(byte[] bytes, int offset, int length) {
                passed.write(bytes, offset, length);
              }

              @Override
              public void ended() {}
            });
    byte[] bytes = message.getBytes(StandardCharsets.ISO_8859_1);
    for (int at = 0; at < bytes.length; at += block) {
      scan.take(bytes, at, Math.min(block, bytes.length - at));
    }
    scan.ended();
    assertEquals(message, passed.toString(StandardCharsets.ISO_8859_1), "passed on unchanged");
    return scan;
  }

  private String router(String header) throws IOException {
    return scan(header + "\r\n\r\nReceived: by body.example (Exim 4.98)\r\n", 7).router();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Received: by mx.example (Postfix, from userid 0) id 4cL | Postfix",
        "Received: from x by mx.example with esmtps (Exim 4.98) id 1tA | Exim",
        "received: by mx.example (OPENSMTPD) with ESMTP id 7 | OpenSMTPD",
        "Received: from x by mx.example (Sealwax) with ESMTPS id 9 | Sealwax",
        "Received: by mx.example with ESMTP id 4 | ''",
        "Subject: Postfix | ''",
        "X-Received: by mx.example (Postfix) | ''",
      })
  void theRouterIsTheOneThatAReceivedFieldNames(String header, String router) throws IOException {
    assertEquals(router, router("Date: today\r\n" + header));
  }

  @Test
  void theRouterMayStandInAContinuedLine() throws IOException {
    assertEquals(
        "Postfix", router("Received: from x\r\n\tby mx.example\r\n (Postfix) id 4\r\nTo: a"));
    assertEquals("", router("Received: from x\r\nSubject: about\r\n Postfix"));
  }

  /** Routers add their fields above those that are there: the first is the last router. */
  @Test
  void theFirstFieldThatNamesARouterCounts() throws IOException {
    assertEquals(
        "OpenSMTPD",
        router(
            "Received: by a (unknown)\r\nReceived: by b (OpenSMTPD)\r\nReceived: by c (Postfix)"));
  }

  @Test
  void nothingBehindTheLimitIsRead() throws IOException {
    String filler = "X: " + "x".repeat(TlsRequiredHeaderScan.MAX_HEADER) + "\r\n";
    TlsRequiredHeaderScan scan =
        scan(filler + "Received: by b (Postfix)\r\nTLS-Required: No\r\n\r\n", 4_096);
    assertEquals("", scan.router());
    assertFalse(scan.tlsOptional());
  }

  @Test
  void tlsIsOptionalByTheHeaderOnly() throws IOException {
    assertTrue(scan("Subject: x\r\nTLS-required: no\r\n\r\nbody\r\n", 1).tlsOptional());
    assertFalse(scan("Subject: x\r\n\r\nTLS-Required: No\r\n", 1).tlsOptional());
  }
}

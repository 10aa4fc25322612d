package org.sealwax.lab.site;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.net.Clock;

/** What the lab reads in bounces and reports. */
final class ReturnMailTest {
  private static final String ZONE = "k7f2q9.lab.example";
  private static final String REPORT =
      "{\"policies\":[{\"policy\":{\"policy-type\":\"tlsa\",\"policy-domain\":\"e3."
          + ZONE
          + "\"},\"summary\":{\"total-successful-session-count\":1,"
          + "\"total-failure-session-count\":4},\"failure-details\":"
          + "[{\"result-type\":\"validation-failure\",\"failed-session-count\":4}]}]}";

  private final Sighting e3 =
      new Sighting(Traps.find("e3").orElseThrow(), new AtomicLong(Long.MAX_VALUE));
  private final ReturnMail returnMail =
      new ReturnMail(Map.of("e3", e3), List.of("bounce." + ZONE), ZONE, Clock.system());

  private static byte[] packed(byte[] plain) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(plain);
    }
    return out.toByteArray();
  }

  @Test
  void aBounceIsMatchedToItsTrap() {
    returnMail.read(
        "Subject: Undelivered\r\n\r\nReporting-MTA: dns; mx\r\n\r\nOriginal-Recipient: rfc822;x\r\n"
            + "Final-Recipient: rfc822; Probe@E3."
            + ZONE
            + "\r\nAction: failed\r\nStatus: 5.7.1\r\n\r\n--x--\r\n");
    assertTrue(
        e3.events().getFirst() instanceof TrapEvent.DsnReturned b
            && b.action().equals("failed")
            && b.status().equals("5.7.1"));
  }

  @Test
  void aBounceForAnUnknownRecipientIsIgnored() {
    returnMail.read("Final-Recipient: rfc822; a@elsewhere.example\r\nAction: failed\r\n\r\n");
    assertTrue(e3.isUntouched());
  }

  @Test
  void aReportIsReadByMailAndByHttps() throws IOException {
    byte[] gzip = packed(REPORT.getBytes(StandardCharsets.UTF_8));
    returnMail.read(
        "DKIM-Signature: v=1; a=rsa-sha256\r\nContent-Type: application/tlsrpt+gzip\r\n\r\n"
            + Base64.getMimeEncoder().encodeToString(gzip)
            + "\r\n");
    assertTrue(returnMail.report(gzip, "https", false));
    List<TrapEvent.TlsReportReceived> reports =
        e3.events().stream().map(e -> (TrapEvent.TlsReportReceived) e).toList();
    assertEquals(2, reports.size());
    assertEquals(List.of("validation-failure"), reports.getFirst().types());
    assertEquals(4, reports.getFirst().failures());
    assertTrue(reports.getFirst().signed());
    assertEquals("https", reports.getLast().transport());
  }

  @Test
  void aReportWithManyPoliciesIsRead() throws IOException {
    byte[] filling = new byte[300_000];
    new java.util.Random(1).nextBytes(filling);
    String json =
        REPORT.substring(0, REPORT.length() - 1)
            + ",\"filling\":\""
            + Base64.getEncoder().encodeToString(filling)
            + "\"}";
    returnMail.read(
        "Content-Type: application/tlsrpt+gzip\r\n\r\n"
            + Base64.getMimeEncoder().encodeToString(packed(json.getBytes(StandardCharsets.UTF_8)))
            + "\r\n--x--\r\n");
    assertEquals(1, e3.events().size());
  }

  @Test
  void aDecompressionBombIsLimited() throws IOException {
    byte[] bomb = packed(new byte[50 << 20]);
    assertFalse(returnMail.report(bomb, "https", false));
  }

  @Test
  void onlyItsOwnDomainsAreAccepted() {
    assertTrue(returnMail.acceptsDomain("bounce." + ZONE));
    assertFalse(returnMail.acceptsDomain("e3." + ZONE));
    assertFalse(returnMail.acceptsDomain("elsewhere.example"));
  }
}

package org.sealwax.assess.tlsclient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** RFC 8446 4.6.1 and 4.2.10. */
final class Tls13TicketTest {
  @Test
  void readsLifetimeTicketAndEarlyData() {
    ScanHandshakeFacts.SessionTicketFacts ticket =
        Tls13Ticket.read(ScanTlsFuzzTargets.TICKET).orElseThrow();
    assertEquals(7_200, ticket.lifetime());
    assertEquals("01020304", ticket.ticketHex());
    assertEquals(16_384, ticket.earlyData());
  }

  @Test
  void aTicketWithoutTheExtensionAllowsNoEarlyData() {
    byte[] bare = Arrays.copyOf(ScanTlsFuzzTargets.TICKET, 17);
    bare[15] = 0;
    bare[16] = 0;
    assertEquals(-1, Tls13Ticket.read(bare).orElseThrow().earlyData());
  }

  @Test
  void aTruncatedTicketIsRejected() {
    for (int length = 0; length < ScanTlsFuzzTargets.TICKET.length; length++) {
      assertTrue(
          Tls13Ticket.read(Arrays.copyOf(ScanTlsFuzzTargets.TICKET, length)).isEmpty(),
          "cut at " + length);
    }
  }
}

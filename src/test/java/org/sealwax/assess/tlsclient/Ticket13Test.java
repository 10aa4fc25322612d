package org.sealwax.assess.tlsclient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** RFC 8446 4.6.1 and 4.2.10. */
final class Ticket13Test {
  @Test
  void readsLifetimeTicketAndEarlyData() {
    LookFacts.Ticket ticket = Ticket13.read(LookTargets.TICKET).orElseThrow();
    assertEquals(7_200, ticket.lifetime());
    assertEquals("01020304", ticket.octets());
    assertEquals(16_384, ticket.earlyData());
  }

  @Test
  void aTicketWithoutTheExtensionAllowsNone() {
    byte[] bare = Arrays.copyOf(LookTargets.TICKET, 17);
    bare[15] = 0;
    bare[16] = 0;
    assertEquals(-1, Ticket13.read(bare).orElseThrow().earlyData());
  }

  @Test
  void whatIsCutIsNoTicket() {
    for (int length = 0; length < LookTargets.TICKET.length; length++) {
      assertTrue(
          Ticket13.read(Arrays.copyOf(LookTargets.TICKET, length)).isEmpty(), "cut at " + length);
    }
  }
}

package org.sealwax.assess.tlsclient;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.util.HexFormat;
import java.util.List;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Tickets as servers send them. */
public final class ScanTlsFuzzTargets {
  /** Lifetime 7200, no nonce, a ticket of four bytes, early data of 16384 bytes. */
  static final byte[] TICKET =
      HexFormat.of()
          .parseHex(
              "00001c20" + "00000000" + "00" + "0004" + "01020304" + "0008" + "002a000400004000");

  private ScanTlsFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(new FuzzTarget("ticket-13", List.of(TICKET), ScanTlsFuzzTargets::ticket));
  }

  private static void ticket(byte[] input) {
    Tls13Ticket.read(input)
        .ifPresent(
            ticket -> {
              holds(ticket.ticketHex().length() <= 2 * input.length, "a ticket out of nothing");
              holds(ticket.lifetime() >= 0, "a negative lifetime");
              holds(ticket.earlyData() >= -1, "negative early data");
            });
  }
}

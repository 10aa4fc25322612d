package org.sealwax.assess.tlsclient;

import static org.sealwax.mail.fuzz.Target.holds;

import java.util.HexFormat;
import java.util.List;
import org.sealwax.mail.fuzz.Target;

/** Tickets as servers send them. */
public final class LookTargets {
  /** Lifetime 7200, no nonce, a ticket of four octets, early data of 16384 octets. */
  static final byte[] TICKET =
      HexFormat.of()
          .parseHex(
              "00001c20" + "00000000" + "00" + "0004" + "01020304" + "0008" + "002a000400004000");

  private LookTargets() {}

  /** All of them. */
  public static List<Target> all() {
    return List.of(new Target("ticket-13", List.of(TICKET), LookTargets::ticket));
  }

  private static void ticket(byte[] input) {
    Ticket13.read(input)
        .ifPresent(
            ticket -> {
              holds(ticket.octets().length() <= 2 * input.length, "a ticket out of nothing");
              holds(ticket.lifetime() >= 0, "a negative lifetime");
              holds(ticket.earlyData() >= -1, "negative early data");
            });
  }
}

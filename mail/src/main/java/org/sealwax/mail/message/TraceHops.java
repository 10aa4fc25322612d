package org.sealwax.mail.message;

import java.util.List;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;

/**
 * The trace fields of a message: the loop guards.
 *
 * @param received number of Received fields (RFC 5321 6.3)
 * @param deliveredTo values of the Delivered-To fields as they stand, at most {@link
 *     HeaderScanner#MAX_DELIVERED_TO}
 * @param deliveredToOverflow there were more, or one too long to be an address
 */
public record TraceHops(int received, List<String> deliveredTo, boolean deliveredToOverflow) {
  /** Copies. */
  public TraceHops {
    deliveredTo = List.copyOf(deliveredTo);
  }

  /**
   * {@return whether the message has passed more hops than {@code limit} allows}
   *
   * @param limit Received fields that are accepted
   */
  public boolean isLoop(int limit) {
    return received > limit || deliveredToOverflow;
  }

  /**
   * Whether the message has been at {@code mailbox} before: to forward it from there again would be
   * a loop. Compared without regard to case, as a loop through a host that changes case is a loop.
   *
   * @param mailbox the mailbox
   * @return whether the message has been at the mailbox before
   */
  public boolean hasPassed(Mailbox mailbox) {
    return !deliveredTo.isEmpty() && hasPassed(mailbox.toString());
  }

  /**
   * The same for the mailbox's text, as it stands in Delivered-To.
   *
   * @param mailbox the mailbox
   * @return whether the message has been at the mailbox before
   */
  public boolean hasPassed(String mailbox) {
    String wanted = form(mailbox);
    for (String seen : deliveredTo) {
      if (form(seen).equals(wanted)) {
        return true;
      }
    }
    return false;
  }

  /** Local parts that are not ASCII come as they are, or as we write them. */
  private static String form(String mailbox) {
    return LocalPart.folded(LocalPart.ascii(LocalPart.folded(mailbox)));
  }
}

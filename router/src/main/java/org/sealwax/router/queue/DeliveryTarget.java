package org.sealwax.router.queue;

import org.sealwax.mail.address.Mailbox;

/** The delivery target of one recipient of a queued message. */
public sealed interface DeliveryTarget {
  /** The recipient that it stands for. */
  Mailbox mailbox();

  /** The address that the next hop gets in RCPT. */
  record Remote(Mailbox mailbox) implements DeliveryTarget {
    @Override
    public String toString() {
      return mailbox.toString();
    }
  }

  /**
   * A configured command ({@code [[pipe]]}).
   *
   * @param pipe its name in the configuration
   * @param mailbox the recipient it stands for, given to the command as an argument
   */
  record Pipe(String pipe, Mailbox mailbox) implements DeliveryTarget {
    @Override
    public String toString() {
      return "|" + pipe + " for " + mailbox;
    }
  }

  /**
   * Reports of others, which this server reads itself: TLS reports about our domains (RFC 8460),
   * and reports about our mail.
   *
   * @param mailbox as it was addressed
   */
  record Reports(Mailbox mailbox) implements DeliveryTarget {
    @Override
    public String toString() {
      return "reports for " + mailbox;
    }
  }

  /**
   * The postmaster, accepted while no postmaster address was configured (RFC 5321 4.5.1): waits in
   * the queue for the admin, or goes to the address configured by the time of a round.
   *
   * @param mailbox as it was addressed
   */
  record Postmaster(Mailbox mailbox) implements DeliveryTarget {
    @Override
    public String toString() {
      return mailbox.toString();
    }
  }
}

package org.sealwax.router.queue;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/**
 * The delivery slot of one round, and the round's connection to the scheduler. Thread-safe; never
 * blocks for long.
 */
public interface DeliverySlot {
  /**
   * Which addresses of an MX host may be dialled now. The first of them counts as used by this
   * round from now on, instead of the one before.
   *
   * @param addresses in the order in which they would be dialled
   * @return the same without those at which as many rounds run as one address may have
   */
  default List<InetAddress> free(List<InetAddress> addresses) {
    return addresses;
  }

  /** This address was connected to: it counts as used, instead of the one before. */
  default void connected(InetAddress address) {}

  /** A host of the next hop greeted us and took our EHLO. */
  default void greeted() {}

  /**
   * Whether the end of data may be sent now; it is asked right before. False when the client of the
   * message has gone: the message was not acknowledged.
   */
  default boolean mayEndData() {
    return true;
  }

  /**
   * How long to wait for a connection, for the banner and for the reply to EHLO: less than usual
   * while slots are scarce and no host of the next hop has greeted us yet.
   *
   * @param usual by the settings
   */
  default Duration patience(Duration usual) {
    return usual;
  }

  /** A slot outside the scheduler, for rounds without mail. */
  static DeliverySlot unlimited() {
    return new DeliverySlot() {};
  }
}

package org.sealwax.mail.smtp.session;

import java.time.Duration;

/**
 * The limits of one server session.
 *
 * @param command the longest wait for a command: 5 minutes (RFC 5321 4.5.3.2.7)
 * @param block the longest wait for the next bytes of a body: 3 minutes (RFC 5321 4.5.3.2.5)
 * @param body the longest time for one body in all: a peer that sends a byte a minute keeps a
 *     session, and a store entry, forever otherwise
 * @param handshake the longest TLS handshake: slow peers need seconds, a hostile one gets no more
 * @param errors 5yz replies before a 421: a list with invalid recipients has some, an
 *     address-harvesting client many
 * @param idleCommands commands without a message among them (NOOP, RSET, VRFY, EHLO …) before a 421
 * @param refusesEarlyTalkers whether a client that talks before the greeting is disconnected (RFC
 *     5321 3.1: it must wait); spam programs do not wait
 */
public record SessionSettings(
    Duration command,
    Duration block,
    Duration body,
    Duration handshake,
    int errors,
    int idleCommands,
    boolean refusesEarlyTalkers) {
  /**
   * As RFC 5321 4.5.3.2 has them.
   *
   * @return the defaults
   */
  public static SessionSettings defaults() {
    return new SessionSettings(
        Duration.ofMinutes(5),
        Duration.ofMinutes(3),
        Duration.ofHours(1),
        Duration.ofSeconds(60),
        40,
        100,
        true);
  }
}

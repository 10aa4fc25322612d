package org.sealwax.router.queue;

/** The outcome of one round for one recipient. */
public sealed interface Outcome {
  /**
   * The next hop took it.
   *
   * @param host name and address of the remote host, or the command
   * @param reply its reply
   * @param tls wanted and got level, for log and trace: {@code may:trusted}, {@code none}
   * @param dsnPassedOn the next hop knows DSN and got the wishes; otherwise a wished success
   *     notification is ours to send, as {@code relayed} (RFC 3461 5.2.2)
   * @param terminal the recipient was delivered to its end (a pipe): a wished success notification
   *     states {@code delivered}
   */
  record Delivered(String host, String reply, String tls, boolean dsnPassedOn, boolean terminal)
      implements Outcome {
    /**
     * Delivered to its end on this machine.
     *
     * @param program what took it
     */
    public static Delivered locally(String program, String reply) {
      return new Delivered(program, reply, "none", false, true);
    }
  }

  /** Try again later; also everything unknown. */
  record Deferred(FailureCause cause) implements Outcome {}

  /** Given up for a named cause; the sender is notified. */
  record Refused(FailureCause cause) implements Outcome {}

  /** Held until an admin decides. */
  record Held(FailureCause cause) implements Outcome {}
}

package org.sealwax.router.queue;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a message's trace.
 *
 * @param at when it ended
 * @param round of delivery, 0 when it was none
 * @param arrival how the message came in; in the first round's entries only
 * @param lines what happened to each recipient
 */
public record TraceEntry(
    Instant at, int round, @Nullable MessageArrival arrival, List<RecipientTrace> lines) {
  /** Copies. */
  public TraceEntry {
    lines = List.copyOf(lines);
  }

  /**
   * The arrival of a message.
   *
   * @param at when
   * @param sender reverse-path, empty for the null path
   * @param origin the client that submitted it
   * @param tls TLS facts of that hop, empty when it came unencrypted
   * @param checks results of SPF, DKIM and DMARC, empty when the sender was not checked
   * @param size bytes of content
   * @param recipients how many
   */
  public record MessageArrival(
      Instant at,
      String sender,
      String origin,
      String tls,
      String checks,
      long size,
      int recipients)
      implements IncomingHop {
    static MessageArrival of(Instant at, Envelope e, long size) {
      return new MessageArrival(
          at, e.sender().toString(), e.origin(), e.tls(), e.checks(), size, e.recipients());
    }
  }

  /** An event of a recipient. */
  public enum RecipientEvent {
    DELIVERED,
    DEFERRED,
    BOUNCED,
    HELD,
    NOTIFIED,
    RELEASED,
    DELETED,
    /** The client that sent it got a 550: the message was never in the queue. */
    REFUSED
  }

  /**
   * The trace of one recipient.
   *
   * @param to the recipient, or for NOTIFIED the sender that was notified
   * @param what happened
   * @param reason the queue's word, empty when delivered
   * @param status enhanced status, empty when delivered
   * @param text a plain sentence; for NOTIFIED the notification's id
   * @param host the remote host, empty when none
   * @param tls wanted and got level, empty when none
   * @param reply what the remote host said, empty when nothing
   */
  public record RecipientTrace(
      String to,
      RecipientEvent what,
      String reason,
      String status,
      String text,
      String host,
      String tls,
      String reply) {
    /** Of an event without a remote host. */
    static RecipientTrace of(
        String to, RecipientEvent what, String reason, String status, String text) {
      return new RecipientTrace(to, what, reason, status, text, "", "", "");
    }
  }
}

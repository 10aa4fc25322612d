package org.sealwax.router.queue;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.router.spool.QueueId;

/**
 * One message for several recipients at one next hop with one reverse-path: what a single round of
 * delivery carries.
 *
 * @param id the message
 * @param sender reverse-path for MAIL
 * @param options MAIL parameters
 * @param nextHop where to
 * @param recipients at least one
 * @param deliveredTo the address for a Delivered-To field that goes before the content, or null
 * @param arrived when the message was accepted
 * @param round 1 for the first delivery of these recipients
 * @param size of the content in bytes
 * @param content opens the content afresh each time it is asked
 * @param slot of the round
 */
public record Consignment(
    QueueId id,
    ReversePath sender,
    MailOptions options,
    NextHop nextHop,
    List<Recipient> recipients,
    @Nullable String deliveredTo,
    Instant arrived,
    int round,
    long size,
    MessageContent content,
    DeliverySlot slot) {
  /** Copies. */
  public Consignment {
    recipients = List.copyOf(recipients);
  }

  /** The same for some of its recipients. */
  public Consignment to(List<Recipient> some) {
    return new Consignment(
        id, sender, options, nextHop, some, deliveredTo, arrived, round, size, content, slot);
  }

  /** One outcome for each recipient, by its key. */
  public Map<Long, Outcome> outcomes(Function<Recipient, Outcome> outcome) {
    Map<Long, Outcome> outcomes = new HashMap<>();
    recipients.forEach(r -> outcomes.put(r.key(), outcome.apply(r)));
    return outcomes;
  }

  /** A stored message's header and body. */
  @FunctionalInterface
  public interface MessageContent {
    /** A new stream from the first byte; CRLF line ends, no dot-stuffing. */
    InputStream open() throws IOException;
  }
}

package org.sealwax.router.queue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.router.queue.KnownNextHops.SchedulingKey;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;

/**
 * Recipients of one message that are delivered together; the content of a stored batch. Its
 * functions say which recipients those are; pure.
 *
 * @param sender reverse-path for MAIL
 * @param deliveredTo for a Delivered-To field, or null
 * @param rounds done so far
 * @param recipients at least one
 */
public record RecipientGroup(
    ReversePath sender, @Nullable String deliveredTo, int rounds, List<Recipient> recipients) {
  /** Copies. */
  public RecipientGroup {
    recipients = List.copyOf(recipients);
    if (recipients.isEmpty()) {
      throw new IllegalArgumentException("no recipients");
    }
  }

  /** The lowest key, which numbers the batch. */
  long number() {
    long lowest = Long.MAX_VALUE;
    for (Recipient r : recipients) {
      lowest = Math.min(lowest, r.key());
    }
    return lowest;
  }

  /** Why it waits, for the queue's list: the first recipient's word. */
  String reason() {
    FailureCause last = recipients.getFirst().last();
    return last == null ? "" : last.reason();
  }

  /** As the store keeps it. */
  RecipientBatch stored(
      QueueId message, BatchState state, @Nullable Instant due, String hop, String why) {
    return new RecipientBatch(
        new BatchKey(message, number()),
        state,
        due,
        hop,
        AddressLiteral.expanded(sender.toString()),
        why,
        QueueRecordCodec.GROUP.write(this));
  }

  RecipientGroup with(List<Recipient> others) {
    return new RecipientGroup(sender, deliveredTo, rounds, others);
  }

  /** A group and its {@link SchedulingKey}. */
  record KeyedGroup(String hop, RecipientGroup group) {}

  private record GroupKey(String hop, ReversePath sender, @Nullable String deliveredTo) {}

  /** One group for each next hop, reverse-path and Delivered-To, of at most {@code most}. */
  static List<KeyedGroup> of(
      List<Recipient> recipients, MailOptions.TlsOption tls, Routing routing, int most) {
    if (recipients.size() == 1) {
      Recipient only = recipients.getFirst();
      RecipientGroup group =
          new RecipientGroup(only.sender(), only.deliveredTo(), 0, List.of(only));
      return List.of(
          new KeyedGroup(SchedulingKey.of(routing.nextHopFor(only.target()), tls), group));
    }
    Map<GroupKey, List<Recipient>> groups = new LinkedHashMap<>();
    long key = 0;
    for (Recipient r : recipients) {
      String hop = SchedulingKey.of(routing.nextHopFor(r.target()), tls);
      groups
          .computeIfAbsent(new GroupKey(hop, r.sender(), r.deliveredTo()), k -> new ArrayList<>())
          .add(r.numbered(key++));
    }
    List<KeyedGroup> placed = new ArrayList<>();
    groups.forEach(
        (together, all) -> {
          for (int from = 0; from < all.size(); from += most) {
            List<Recipient> part = all.subList(from, Math.min(all.size(), from + most));
            placed.add(
                new KeyedGroup(
                    together.hop(),
                    new RecipientGroup(together.sender(), together.deliveredTo(), 0, part)));
          }
        });
    return placed;
  }

  /**
   * Each target once, with the wishes of all that lead to it: one who requested a notification goes
   * before one who did not, then the one addressed directly before one reached by an alias. What is
   * notified by the name of the one that is kept.
   */
  static List<Recipient> withoutDuplicates(List<Recipient> recipients) {
    if (recipients.size() == 1) {
      return recipients;
    }
    Map<DeliveryTarget, Recipient> once = new LinkedHashMap<>();
    for (Recipient r : recipients) {
      Recipient known = once.get(r.target());
      if (known == null) {
        once.put(r.target(), r);
      } else {
        boolean better =
            known.dsn().never() != r.dsn().never()
                ? known.dsn().never()
                : known.forwarded() && !r.forwarded();
        once.put(
            r.target(),
            better ? r.with(r.dsn().and(known.dsn())) : known.with(known.dsn().and(r.dsn())));
      }
    }
    return List.copyOf(once.values());
  }

  /**
   * Aliases whose expansion is reported to the sender.
   *
   * @param recipients all, with success taken out of the wishes of those
   * @param expanded one for each such alias
   */
  record ExpandedRecipients(List<Recipient> recipients, List<Recipient> expanded) {}

  /** RFC 3461 5.2.7.3: an alias of several addresses is answered "expanded", once. */
  static ExpandedRecipients expand(List<Recipient> recipients) {
    Map<Mailbox, Integer> counts = new HashMap<>();
    for (Recipient r : recipients) {
      if (r.forwarded() && r.dsn().when().contains(DsnRequest.NotifyEvent.SUCCESS)) {
        counts.merge(r.original(), 1, Integer::sum);
      }
    }
    if (counts.values().stream().noneMatch(n -> n > 1)) {
      return new ExpandedRecipients(recipients, List.of());
    }
    List<Recipient> all = new ArrayList<>();
    Map<Mailbox, Recipient> expanded = new LinkedHashMap<>();
    for (Recipient r : recipients) {
      if (!r.forwarded()
          || !r.dsn().when().contains(DsnRequest.NotifyEvent.SUCCESS)
          || counts.getOrDefault(r.original(), 0) < 2) {
        all.add(r);
        continue;
      }
      expanded.putIfAbsent(r.original(), r);
      Set<DsnRequest.NotifyEvent> left = EnumSet.copyOf(r.dsn().when());
      left.remove(DsnRequest.NotifyEvent.SUCCESS);
      all.add(r.with(new DsnRequest(left, left.isEmpty(), r.dsn().originalRecipient())));
    }
    return new ExpandedRecipients(all, List.copyOf(expanded.values()));
  }
}

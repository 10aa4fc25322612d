package org.sealwax.router.queue;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.BatchKey;

/**
 * Mail in line for one next hop, whose senders have turns: mail with a sender and mail with the
 * null sender are two backlogs. Pure and mutable; part of {@link Scheduler}.
 */
final class NextHopBacklog {
  final NextHopState hop;
  final boolean nullSender;
  private final LinkedHashMap<String, ArrayDeque<ReadyBatch>> bySender = new LinkedHashMap<>(2);
  int ready;

  /** Since when mail is in line without a break. */
  Instant since = Instant.MIN;

  /** Whether it went ahead as new mail, and has its turns like the others since. */
  boolean served;

  // Where it stands, which NextHopTurns keeps.
  @Nullable LinkedHashSet<NextHopBacklog> place;
  @Nullable SlotClass placedAs;
  String domain = "";
  boolean isParked;
  boolean isArrival;

  NextHopBacklog(NextHopState hop, boolean nullSender) {
    this.hop = hop;
    this.nullSender = nullSender;
  }

  /** Batches of one sender. */
  int ready(String sender) {
    ArrayDeque<ReadyBatch> ofSender = bySender.get(sender);
    return ofSender == null ? 0 : ofSender.size();
  }

  /** The sender whose turn it is. */
  String firstSender() {
    return bySender.firstEntry().getKey();
  }

  void add(ReadyBatch batch) {
    bySender.computeIfAbsent(batch.sender(), k -> new ArrayDeque<>(2)).add(batch);
    count(1);
  }

  /** Puts the batch that was added last before the others of its sender. */
  void moveToFront(String sender) {
    ArrayDeque<ReadyBatch> ofSender = bySender.get(sender);
    if (ofSender != null && ofSender.size() > 1) {
      ofSender.addFirst(ofSender.removeLast());
    }
  }

  /** Takes the batch whose turn it is. */
  ReadyBatch removeFirst() {
    Map.Entry<String, ArrayDeque<ReadyBatch>> next =
        Objects.requireNonNull(bySender.pollFirstEntry());
    ReadyBatch batch = next.getValue().remove();
    if (!next.getValue().isEmpty()) {
      bySender.putLast(next.getKey(), next.getValue());
    }
    count(-1);
    return batch;
  }

  /** Takes the batch that would wait longest. */
  ReadyBatch removeLast() {
    Map.Entry<String, ArrayDeque<ReadyBatch>> last = bySender.lastEntry();
    ReadyBatch batch = last.getValue().removeLast();
    if (last.getValue().isEmpty()) {
      bySender.remove(last.getKey());
    }
    count(-1);
    return batch;
  }

  /** Takes one batch; false when it is not there. */
  boolean remove(BatchKey key, String sender) {
    ArrayDeque<ReadyBatch> ofSender = bySender.get(sender);
    if (ofSender == null || !ofSender.removeIf(r -> r.key().equals(key))) {
      return false;
    }
    if (ofSender.isEmpty()) {
      bySender.remove(sender);
    }
    count(-1);
    return true;
  }

  /** Takes the batches of one sender's domain, or all when it is null. */
  void removeAll(@Nullable String domain, List<ReadyBatch> into) {
    Iterator<Map.Entry<String, ArrayDeque<ReadyBatch>>> entries = bySender.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<String, ArrayDeque<ReadyBatch>> entry = entries.next();
      if (domain == null || NextHopPauses.domain(entry.getKey()).equals(domain)) {
        into.addAll(entry.getValue());
        count(-entry.getValue().size());
        entries.remove();
      }
    }
  }

  private void count(int more) {
    ready += more;
    hop.ready += more;
  }
}

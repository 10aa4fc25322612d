package org.sealwax.router.queue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.smtp.Reply;

/**
 * Recipients that other servers refused since the last summary, by the organisation that refused,
 * sender domain and class. In memory only, so a day with a restart counts less. Thread-safe.
 */
final class RefusalTally {
  /** Groups that are kept apart: senders choose their domains. */
  static final int MOST_GROUPS = 2_000;

  /** Lines of a summary. */
  static final int MOST_LINES = 20;

  private record RefusalGroup(
      String receiver, String sender, RefusalClass reason, boolean forwarded) {}

  private final ConcurrentHashMap<RefusalGroup, Long> counts = new ConcurrentHashMap<>();
  private final LongAdder others = new LongAdder();

  /**
   * Counts one refused recipient.
   *
   * @param recipient whose mail did not go
   * @param sender envelope sender as the message came in
   * @param host that refused it, as causes name it, or null
   */
  void add(Recipient recipient, ReversePath sender, @Nullable String host, Reply reply) {
    String domain = sender.mailboxIfAny().map(m -> m.domain().toString()).orElse("<>");
    RefusalGroup group =
        new RefusalGroup(
            Receivers.of(host, recipient.target().mailbox().domain().toString()),
            domain,
            RefusalClass.of(reply),
            recipient.forwarded());
    if (counts.size() >= MOST_GROUPS && !counts.containsKey(group)) {
      others.increment();
    } else {
      counts.merge(group, 1L, Long::sum);
    }
  }

  /** What was counted, as lines for the postmaster, the most frequent first; empties it. */
  List<String> take() {
    List<Map.Entry<RefusalGroup, Long>> largest = new ArrayList<>();
    for (RefusalGroup group : counts.keySet()) {
      Long count = counts.remove(group);
      if (count != null) {
        largest.add(Map.entry(group, count));
      }
    }
    largest.sort(
        Map.Entry.<RefusalGroup, Long>comparingByValue()
            .reversed()
            .thenComparing(e -> e.getKey().sender())
            .thenComparing(e -> e.getKey().reason())
            .thenComparing(e -> e.getKey().receiver()));
    List<String> lines = new ArrayList<>();
    long rest = others.sumThenReset();
    for (Map.Entry<RefusalGroup, Long> one : largest) {
      if (lines.size() == MOST_LINES) {
        rest += one.getValue();
        continue;
      }
      RefusalGroup group = one.getKey();
      lines.add(sentence(group, one.getValue()));
    }
    if (rest > 0) {
      lines.add(CountText.of(rest, "more recipient was | more recipients were") + " refused");
    }
    return lines;
  }

  private static String sentence(RefusalGroup group, long times) {
    String what = group.forwarded() ? "forward" : "recipient";
    return group.receiver()
        + " refused "
        + CountText.of(times, what)
        + " of mail from "
        + group.sender()
        + ": "
        + group.reason().explanation(group.forwarded())
        + " ("
        + group.reason().word()
        + ")";
  }
}

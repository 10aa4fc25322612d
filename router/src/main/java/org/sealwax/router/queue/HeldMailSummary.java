package org.sealwax.router.queue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.net.CountText;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;

/** The daily letter to the postmaster about held mail: recipients by target and answer. */
public final class HeldMailSummary {
  /** Maximum number of messages listed in one summary, so that it can be read. */
  static final int MOST_NAMED = 50;

  /** Groups kept apart; senders choose targets. */
  private static final int MOST_GROUPS = 1_000;

  /** Identifiers named of one group. */
  private static final int MOST_OF_GROUP = 3;

  /** Lists all that is held. */
  static final String LIST = "sealwax queue list --state held";

  /** What the letter recommends. */
  public static final List<String> COMMANDS =
      List.of(
          LIST,
          "sealwax queue show ID",
          "sealwax queue release ID",
          "sealwax queue bounce ID",
          "sealwax queue delete ID");

  /** Held recipients with the same target and the same answer. */
  private static final class HeldGroup {
    private final String text;
    private final List<String> ids = new ArrayList<>();
    private long count;

    HeldGroup(String text) {
      this.text = text;
    }

    void add(QueueId id) {
      count++;
      if (ids.size() < MOST_OF_GROUP && !ids.contains(id.text())) {
        ids.add(id.text());
      }
    }
  }

  private final Map<String, HeldGroup> groups = new LinkedHashMap<>();
  private long others;

  HeldMailSummary() {}

  void add(RecipientBatch batch, RecipientGroup held) {
    for (Recipient r : held.recipients()) {
      FailureCause last = r.last();
      String key =
          r.target() + ", reason " + batch.reason() + (last == null ? "" : ", " + code(last));
      if (groups.size() == MOST_GROUPS && !groups.containsKey(key)) {
        others++;
      } else {
        groups
            .computeIfAbsent(key, k -> new HeldGroup(last == null ? "" : last.text()))
            .add(batch.key().message());
      }
    }
  }

  /** {@code reply 550 5.1.1}, or the enhanced status alone where no server sent it. */
  private static String code(FailureCause cause) {
    return cause.reply() == null
        ? "status " + cause.status()
        : "reply " + cause.reply().code() + " " + cause.status();
  }

  /** The subject of the letter. */
  String subject() {
    long recipients = others;
    for (HeldGroup group : groups.values()) {
      recipients += group.count;
    }
    return "Held mail: "
        + CountText.of(recipients, "recipient waits | recipients wait")
        + " for a decision";
  }

  /**
   * The text of the letter.
   *
   * @param ending what ends in a day
   */
  List<String> lines(Collection<BatchKey> ending) {
    List<String> lines = new ArrayList<>();
    lines.add("These messages are held: an admin or a filter holds them, or they could not be");
    lines.add("delivered and their senders could not safely be notified. Decide about them with:");
    COMMANDS.forEach(command -> lines.add("    " + command));
    if (!ending.isEmpty()) {
      lines.add("");
      lines.add("These messages expire in a day: they are deleted, or bounced where only");
      lines.add("the ledger prevents delivery and the sender is known:");
      ending.stream().limit(MOST_NAMED).forEach(key -> lines.add("" + key.message()));
      if (ending.size() > MOST_NAMED) {
        lines.add("and more: " + LIST);
      }
    }
    lines.add("");
    List<Map.Entry<String, HeldGroup>> largest = new ArrayList<>(groups.entrySet());
    largest.sort(Comparator.comparingLong(e -> -e.getValue().count));
    int named = Math.min(MOST_NAMED, largest.size());
    for (Map.Entry<String, HeldGroup> one : largest.subList(0, named)) {
      HeldGroup group = one.getValue();
      lines.add(CountText.of(group.count, "message") + " to " + one.getKey());
      if (!group.text.isEmpty()) {
        lines.add("    " + group.text);
      }
      lines.add(
          "    " + String.join(" ", group.ids) + (group.count > group.ids.size() ? " ..." : ""));
    }
    long unnamed = others;
    for (Map.Entry<String, HeldGroup> one : largest.subList(named, largest.size())) {
      unnamed += one.getValue().count;
    }
    if (unnamed > 0) {
      lines.add(unnamed + " more: " + LIST);
    }
    return lines;
  }
}

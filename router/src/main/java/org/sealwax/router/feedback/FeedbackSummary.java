package org.sealwax.router.feedback;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.sealwax.mail.net.CountText;

/**
 * Counts as sentences for the admin. All names in them are of the configuration, domains, addresses
 * of clients, or words from small sets.
 */
public final class FeedbackSummary {
  /** Lines of each kind; the rest is added up. */
  static final int MOST_LINES = 20;

  /** The command that shows all. */
  public static final String COMMAND = "sealwax feedback";

  private FeedbackSummary() {}

  /** What is one line; of DMARC reports the sources are added up. */
  private record LineKey(FeedbackKind kind, AliasTarget about, ReportSource source, String text) {
    static LineKey of(FeedbackCount c) {
      boolean whole = c.kind() == FeedbackKind.DMARC;
      return new LineKey(
          c.kind(), c.about(), whole ? ReportSource.OTHER : c.source(), whole ? "" : c.detail());
    }
  }

  private static final Comparator<LineKey> ORDER =
      Comparator.comparing(LineKey::kind)
          .thenComparing(LineKey::about)
          .thenComparing(one -> one.source().name())
          .thenComparing(LineKey::text);

  /** What is added up in one line. */
  private static final class LineTally {
    private long times;
    private long passed;
    private final Map<String, Long> failedBySource = new TreeMap<>();

    void add(FeedbackCount count) {
      times += count.times();
      if (count.kind() == FeedbackKind.DMARC && count.passes()) {
        passed += count.times();
      } else {
        failedBySource.merge(count.source().name(), count.times(), Long::sum);
      }
    }
  }

  /**
   * Sentences about these counts, bounces first; the most frequent of each kind first.
   *
   * @param counts of any days; days are added up
   */
  public static List<String> sentences(List<FeedbackCount> counts) {
    Map<LineKey, LineTally> tallies = new TreeMap<>(ORDER);
    counts.forEach(c -> tallies.computeIfAbsent(LineKey.of(c), k -> new LineTally()).add(c));
    List<String> lines = new ArrayList<>();
    for (FeedbackKind kind : FeedbackKind.values()) {
      List<Map.Entry<LineKey, LineTally>> largest = new ArrayList<>(tallies.entrySet());
      largest.removeIf(one -> one.getKey().kind() != kind);
      largest.sort((a, b) -> Long.compare(b.getValue().times, a.getValue().times));
      long rest = 0;
      for (int i = 0; i < largest.size(); i++) {
        LineTally tally = largest.get(i).getValue();
        if (i < MOST_LINES) {
          lines.add(sentence(largest.get(i).getKey(), tally));
        } else {
          rest += tally.times;
        }
      }
      if (rest > 0) {
        lines.add(rest + " more of kind " + kind.word() + ": " + COMMAND);
      }
    }
    return lines;
  }

  private static String sentence(LineKey key, LineTally tally) {
    return switch (key.kind()) {
      case BOUNCE ->
          key.source()
              + " reported "
              + CountText.of(tally.times, "bounce")
              + mail(key)
              + ": "
              + key.text();
      case ABUSE ->
          key.source()
              + " reported "
              + CountText.of(tally.times, "complaint")
              + mail(key)
              + ": "
              + key.text();
      case DMARC -> dmarc(key, tally);
    };
  }

  private static String mail(LineKey key) {
    return key.about().alias().isEmpty()
        ? " about mail for an unknown alias"
        : " about mail for "
            + key.about().alias()
            + (key.about().target().isEmpty() ? "" : " to " + key.about().target());
  }

  private static String dmarc(LineKey key, LineTally tally) {
    long failed = tally.times - tally.passed;
    String most =
        tally.failedBySource.entrySet().stream()
            .max(Map.Entry.comparingByValue())
            .map(one -> ", most of them from " + one.getKey())
            .orElse("");
    return (key.about().target().equals(ReportSource.UNSIGNED.name())
            ? "reporters without a signature"
            : key.about().target())
        + " reported "
        + CountText.of(tally.times, "message")
        + " from "
        + key.about().alias()
        + ": "
        + failed
        + " failed DMARC"
        + most;
  }
}

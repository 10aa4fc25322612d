package org.sealwax.router.feedback;

import java.io.IOException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.feedback.FeedbackStore.KeepResult;
import org.sealwax.router.feedback.FeedbackStore.ReportKey;
import org.sealwax.router.log.Counters;

/** Counts reports in the store and in the metrics; thread-safe. */
public final class FeedbackCounting {
  private final StoreAccess store;
  private final AliasLookup aliases;
  private final Supplier<Duration> keep;
  private final Counters counters;
  private final Clock clock;

  /** Opens the store at the first call. */
  @FunctionalInterface
  public interface StoreAccess {
    /**
     * The store.
     *
     * @throws IOException when it cannot be opened
     */
    FeedbackStore open() throws IOException;
  }

  /**
   * Counts.
   *
   * @param store opened when something is to be counted
   * @param targets where an address leads if it is one of our aliases; empty: it is none
   * @param keep retention in force
   */
  public FeedbackCounting(
      StoreAccess store,
      Function<Mailbox, List<Mailbox>> targets,
      Supplier<Duration> keep,
      Counters counters,
      Clock clock) {
    this.store = store;
    this.aliases = new AliasLookup(targets);
    this.keep = keep;
    this.counters = counters;
    this.clock = clock;
  }

  AliasLookup aliases() {
    return aliases;
  }

  Duration keep() {
    return keep.get();
  }

  /**
   * Counts a report.
   *
   * @throws IOException when the store fails
   */
  KeepResult count(ReportKey key, List<FeedbackCount> counts) throws IOException {
    LocalDate today = LocalDate.ofInstant(clock.now(), ZoneOffset.UTC);
    KeepResult result = store.open().keep(key, today, keep(), counts);
    note(key.kind(), result.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'));
    return result;
  }

  /** What should be a report of a kind cannot be read, or does not count. */
  void failed(FeedbackKind kind) {
    note(kind, "unreadable");
  }

  private void note(FeedbackKind kind, String result) {
    counters
        .count(
            "sealwax_feedback_" + kind.word() + "_reports_total",
            switch (kind) {
              case BOUNCE -> "Bounces to rewritten senders, by the result for the report in them";
              case ABUSE -> "Abuse reports, by result";
              case DMARC -> "DMARC aggregate reports, by result";
            },
            "result",
            result)
        .increment();
  }
}

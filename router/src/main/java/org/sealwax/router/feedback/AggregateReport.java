package org.sealwax.router.feedback;

import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import org.sealwax.mail.address.Domain;

/**
 * A DMARC aggregate report (RFC 9990; RFC 7489 before it).
 *
 * @param organization name of the reporter, as it writes it; at most {@link #MAX_NAME} characters
 * @param id unique for the reporter; likewise
 * @param begin of the period
 * @param end of the period
 * @param domain the domain with the policy
 * @param messages how many messages had each result; at most {@link #MAX_ROWS} entries
 * @param leftOut rows that could not be read
 */
record AggregateReport(
    String organization,
    String id,
    Instant begin,
    Instant end,
    Domain domain,
    Map<AggregateRow, Long> messages,
    int leftOut) {
  /** Characters of a value that is read. */
  static final int MAX_NAME = 255;

  /**
   * Results of one report that are kept apart; the rest is added up under {@link
   * ReportSource#OTHER}.
   */
  static final int MAX_ROWS = 200;

  /** Messages of one result: sums of very many stay far from the end of a long. */
  static final long MAX_COUNT = 1_000_000_000L;

  AggregateReport {
    messages = Map.copyOf(messages);
  }

  /** What a receiver did with a message. */
  enum Disposition {
    NONE,
    PASS,
    QUARANTINE,
    REJECT
  }

  /**
   * What a receiver found and did.
   *
   * @param dkim whether an aligned DKIM signature passed
   * @param spf whether SPF passed and is aligned
   * @param disposition what was done
   */
  record Evaluation(boolean dkim, boolean spf, Disposition disposition) {
    /** In one line. */
    String detail() {
      return "dkim="
          + word(dkim)
          + " spf="
          + word(spf)
          + " disposition="
          + disposition.name().toLowerCase(Locale.ROOT);
    }

    private static String word(boolean passes) {
      return passes ? "pass" : "fail";
    }
  }

  /**
   * What messages have in common.
   *
   * @param source address of the client, or {@link ReportSource#OTHER}
   */
  record AggregateRow(ReportSource source, Evaluation evaluation) {}
}

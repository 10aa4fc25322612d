package org.sealwax.router.reports.received;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tlsrpt.AppliedPolicy;
import org.sealwax.mail.tlsrpt.FailureDetail;
import org.sealwax.mail.tlsrpt.SessionCounts;
import org.sealwax.mail.tlsrpt.TlsReportJson;

/**
 * The sums of received reports by domain, day, reporter and kind of policy. Fed twice: first every
 * report is {@link #note noted}, then each is {@link #add added}; one that came by POST and is the
 * very same as one that came as signed mail counts once. Not thread-safe.
 */
public final class ReportSummary {
  /** Different failures of one row that are kept; the rest stands in its sum alone. */
  static final int MAX_FAILURES = SessionCounts.MAX_FAILURES;

  /** Rows, and failures of all rows together: a flood of reports must not cost our memory. */
  static final int MAX_ROWS = 20_000;

  static final int MAX_ALL_FAILURES = 100_000;

  private static final Comparator<Key> ORDER =
      Comparator.comparing((Key k) -> k.domain().name())
          .thenComparing(Key::day)
          .thenComparing(Key::organization)
          .thenComparing(k -> k.origin().toString())
          .thenComparing(k -> k.policy().word());

  private final Map<Key, Count> counts = new LinkedHashMap<>();
  private final Set<String> mailed = new HashSet<>();
  private final Predicate<Domain> about;
  private int failuresKept;
  private boolean cut;

  /**
   * An empty one.
   *
   * @param about which domains are wanted
   */
  public ReportSummary(Predicate<Domain> about) {
    this.about = about;
  }

  private record Key(
      Domain domain,
      LocalDate day,
      String organization,
      ReportOrigin origin,
      AppliedPolicy.PolicyType policy) {}

  private static final class Count {
    private long succeeded;
    private long failed;
    private final Map<FailureDetail, Long> failures = new LinkedHashMap<>();
  }

  /**
   * One line of the summary.
   *
   * @param domain the policy domain: one of our domains
   * @param day in UTC, on which the report's period begins
   * @param organization name of the reporting organization, as the report has it
   * @param origin how it came, and its authenticated origin
   * @param policy which kind was applied
   * @param succeeded sessions that held
   * @param failed sessions that did not
   * @param failures how often each, the most frequent first
   */
  public record Row(
      Domain domain,
      LocalDate day,
      String organization,
      ReportOrigin origin,
      AppliedPolicy.PolicyType policy,
      long succeeded,
      long failed,
      Map<FailureDetail, Long> failures) {
    /** Copies, in order. */
    public Row {
      failures = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(failures));
    }
  }

  /** First time: which reports came as signed mail. */
  public void note(ReceivedReport received) {
    if (received.origin().way() == ReportOrigin.ReportTransport.MAIL) {
      mailed.add(digest(received));
    }
  }

  /**
   * Second time: adds a report up.
   *
   * @return whether it counts: it is about a wanted domain, and no double
   */
  public boolean add(ReceivedReport received) {
    if (received.origin().way() == ReportOrigin.ReportTransport.POST
        && mailed.contains(digest(received))) {
      return false;
    }
    LocalDate day = LocalDate.ofInstant(received.report().begin(), ZoneOffset.UTC);
    boolean counts = false;
    for (SessionCounts.PolicySummary sum : received.report().sums()) {
      if (!about.test(sum.policy().domain())) {
        continue;
      }
      counts = true;
      Key key =
          new Key(
              sum.policy().domain(),
              day,
              received.report().organization(),
              received.origin(),
              sum.policy().type());
      Count count = this.counts.get(key);
      if (count == null) {
        if (this.counts.size() >= MAX_ROWS) {
          cut = true;
          continue;
        }
        count = new Count();
        this.counts.put(key, count);
      }
      count.succeeded += sum.succeeded();
      count.failed += sum.failed();
      for (Map.Entry<FailureDetail, Long> failure : sum.failures().entrySet()) {
        boolean known = count.failures.containsKey(failure.getKey());
        boolean hasSpace = count.failures.size() < MAX_FAILURES && failuresKept < MAX_ALL_FAILURES;
        if (known || hasSpace) {
          failuresKept += known ? 0 : 1;
          count.failures.merge(failure.getKey(), failure.getValue(), Long::sum);
        }
      }
    }
    return counts;
  }

  /** Whether there were more rows than are kept. */
  public boolean isCut() {
    return cut;
  }

  private static String digest(ReceivedReport received) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(TlsReportJson.write(received.report())));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** All rows, by domain, day, reporter and kind. */
  public List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    counts.entrySet().stream()
        .sorted(Map.Entry.comparingByKey(ORDER))
        .forEach(
            e -> {
              Map<FailureDetail, Long> failures = new LinkedHashMap<>();
              e.getValue().failures.entrySet().stream()
                  .sorted(Map.Entry.<FailureDetail, Long>comparingByValue().reversed())
                  .forEach(f -> failures.put(f.getKey(), f.getValue()));
              rows.add(
                  new Row(
                      e.getKey().domain(),
                      e.getKey().day(),
                      e.getKey().organization(),
                      e.getKey().origin(),
                      e.getKey().policy(),
                      e.getValue().succeeded,
                      e.getValue().failed,
                      failures));
            });
    return rows;
  }
}
